package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestExecutionResult.Status;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** The contract is tested: a gateway that breaks a rule fails with the id of that rule. */
class BrokenGatewaysTest {
  /** What the contract of the next run is about. JUnit makes the object, so it cannot be told. */
  private static BrokenGateway gateway;

  /** The only one that is checked; null for all. */
  private static String rule;

  /** Short for what is broken; what is whole may take its time on a busy machine. */
  private static Duration wait;

  @AfterEach
  void forget() {
    gateway = null;
  }

  @EnabledIf("isUnderTest")
  static final class Contract extends GatewayContract {
    /** Not where somebody runs all classes that have tests. */
    static boolean isUnderTest() {
      return gateway != null;
    }

    Contract() {
      super(wait, application -> gateway.start(application));
    }

    @Override
    boolean selects(ContractCase test) {
      return rule == null || test.id().equals(rule);
    }
  }

  @TestFactory
  Stream<DynamicTest> brokenGateway_failsWithTheRuleThatItBreaks() {
    return BrokenGateways.byRule().entrySet().stream()
        .map(broken -> DynamicTest.dynamicTest(broken.getKey(), () -> checkFails(broken)));
  }

  private static void checkFails(Map.Entry<String, BrokenGateway> broken) {
    rule = broken.getKey();
    gateway = broken.getValue();
    wait = Duration.ofMillis(500);
    List<Event> failures = failures();
    assertThat(failures).as("failures of a gateway that breaks %s", rule).isNotEmpty();
    for (Event failure : failures) {
      assertThat(failure.getTestDescriptor().getDisplayName()).startsWith(rule + " must ");
      assertThat(message(failure)).startsWith("gateway must ").contains("[" + rule + "]: ");
    }
  }

  @Test
  void gatewayThatDecodesTheRequestUri_fails() {
    checkFails(
        Map.entry(
            "E3",
            BrokenGateway.variables(
                (request, variables) ->
                    variables.compute(
                        "REQUEST_URI", (name, uri) -> RequestVariables.decoded(uri)))));
  }

  @Test
  void wholeGateway_passes() {
    rule = null;
    wait = Duration.ofSeconds(30);
    gateway = BrokenGateway.environ(environ -> environ);
    assertThat(failures()).isEmpty();
  }

  private static List<Event> failures() {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Contract.class))
        .execute()
        .testEvents()
        .finished()
        .filter(
            event ->
                event.getRequiredPayload(TestExecutionResult.class).getStatus() == Status.FAILED)
        .toList();
  }

  private static String message(Event failure) {
    return failure
        .getRequiredPayload(TestExecutionResult.class)
        .getThrowable()
        .orElseThrow()
        .getMessage();
  }

  @Test
  void everyRuleOfTheContract_isBrokenBySomeGateway() {
    assertThat(new TreeSet<>(BrokenGateways.byRule().keySet()))
        .isEqualTo(new TreeSet<>(ContractCases.all().stream().map(ContractCase::id).toList()));
  }

  @Test
  void cases_haveNamesOfTheirOwnAndAreAtLeastEighty() {
    List<String> names = ContractCases.all().stream().map(ContractCase::name).toList();
    assertThat(names).doesNotHaveDuplicates();
    assertThat(names).hasSizeGreaterThanOrEqualTo(80);
  }
}
