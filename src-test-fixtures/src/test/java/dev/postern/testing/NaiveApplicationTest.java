package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;

/** The contract of applications is tested: one that believes its programs fails it. */
class NaiveApplicationTest {
  private static boolean underTest;

  @EnabledIf("isUnderTest")
  static final class Contract extends ApplicationContract {
    Contract() {
      super((program, silence) -> new NaiveApplication(program));
    }

    /** Not where somebody runs all classes that have tests. */
    static boolean isUnderTest() {
      return underTest;
    }

    /** Without the programs that such an application would wait for. */
    @Override
    boolean selects(ProgramCase test) {
      return !test.must()
          .matches(
              ".*(silent|floods|gone|lives on|leaves a child|before it prints|while the"
                  + " client|request.s body).*");
    }
  }

  /** Takes what the program has printed, and forgets it. */
  @EnabledIf("isUnderTest")
  static final class Forgetful extends ApplicationContract {
    private static String[] left;

    Forgetful() {
      super((program, silence) -> (environ, start) -> answer(program, environ, start));
    }

    static boolean isUnderTest() {
      return underTest;
    }

    private static Body answer(Path program, Environ environ, StartResponse start)
        throws Exception {
      ProcessBuilder builder = new ProcessBuilder(program.toString());
      builder.environment().put("QUERY_STRING", environ.queryString());
      Process process = builder.start();
      process.getInputStream().readNBytes("Content-Type: text/plain\n\n".length());
      left = Files.readString(Path.of(environ.queryString() + ".pid")).trim().split(" ");
      start.start(200, Headers.of("Content-Type", "text/plain"));
      return Body.of(process.getInputStream().readNBytes("all".length()));
    }

    @Override
    boolean selects(ProgramCase test) {
      return test.must().contains(" a child ");
    }
  }

  @AfterEach
  void forget() {
    underTest = false;
  }

  @Test
  void childThatIsLeftBehind_isKilled() throws Exception {
    underTest = true;
    EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(Forgetful.class))
        .execute()
        .testEvents()
        .assertStatistics(tests -> tests.succeeded(1).failed(0));
    assertThat(Forgetful.left).hasSize(2);
    for (String pid : Forgetful.left) {
      Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(pid));
      if (process.isPresent()) {
        process.get().onExit().get(30, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void cases_haveNamesOfTheirOwn() {
    assertThat(ProgramCase.all().stream().map(ProgramCase::name)).doesNotHaveDuplicates();
  }

  @Test
  void naiveApplication_failsWithTheRulesThatItBreaks() {
    underTest = true;
    Events events =
        EngineTestKit.engine("junit-jupiter")
            .selectors(selectClass(Contract.class))
            .execute()
            .testEvents();
    List<Event> failures = events.failed().list();
    for (Event failure : failures) {
      String name = failure.getTestDescriptor().getDisplayName();
      String id = name.substring(0, name.indexOf(' '));
      assertThat(message(failure)).startsWith("application must ").contains("[" + id + "]: ");
    }
    assertThat(rules(failures))
        .containsExactlyInAnyOrder(
            "A1", "A3", "A4", "A5", "A6", "A7", "A8", "A10", "E10", "E20", "G14", "G27");
    // Not those that ask for Perl or Python, which a machine may lack.
    assertThat(rules(events.succeeded().list())).contains("A1", "A3", "G18");
  }

  private static String message(Event failure) {
    return failure
        .getRequiredPayload(TestExecutionResult.class)
        .getThrowable()
        .orElseThrow()
        .getMessage();
  }

  private static Set<String> rules(List<Event> events) {
    return events.stream()
        .map(event -> event.getTestDescriptor().getDisplayName().split(" ")[0])
        .collect(Collectors.toSet());
  }
}
