package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.postern.testing.SocketGateway.Fault;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** The contract finds what a gateway does wrong between two requests of one connection. */
class BrokenSocketGatewayTest {
  /** What the next run is about. JUnit makes the contract, so it cannot be told. */
  private static Fault fault;

  private static Set<String> rules;
  private static Duration wait;

  @AfterEach
  void forget() {
    fault = null;
  }

  @EnabledIf("isUnderTest")
  static final class Contract extends GatewayContract {
    /** Not where somebody runs all classes that have tests. */
    static boolean isUnderTest() {
      return fault != null;
    }

    Contract() {
      super(wait, application -> SocketGateway.start(application, fault));
    }

    @Override
    boolean selects(ContractCase test) {
      return rules.contains(test.id());
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void brokenGateway_failsWithTheRuleThatItBreaks(Fault broken) {
    fault = broken;
    rules = Set.of(broken.rule);
    wait = Duration.ofMillis(500);
    assertThat(failures())
        .isNotEmpty()
        .allSatisfy(message -> assertThat(message).contains("[" + broken.rule + "]: "));
  }

  @Test
  void wholeGateway_passes() {
    fault = Fault.NONE;
    rules = Set.of("G18", "G19", "G20", "G22", "G27", "E20", "G34");
    wait = Duration.ofSeconds(30);
    assertThat(failures()).isEmpty();
  }

  private static List<String> failures() {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Contract.class))
        .execute()
        .testEvents()
        .failed()
        .map(event -> event.getRequiredPayload(TestExecutionResult.class))
        .map(result -> String.valueOf(result.getThrowable().orElseThrow().getMessage()))
        .toList();
  }
}
