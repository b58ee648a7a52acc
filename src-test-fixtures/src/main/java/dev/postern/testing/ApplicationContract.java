package dev.postern.testing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.postern.Application;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.opentest4j.TestAbortedException;

/**
 * JUnit tests of what SPEC.md asks of an application whose answers come from programs. Whatever a
 * program does, the application keeps the rules of applications. It answers 502 or 504 for what is
 * not its own fault, and never makes half a response look whole. A test is a class with a
 * constructor of one line.
 *
 * <pre>{@code
 * class MyApplicationTest extends ApplicationContract {
 *   MyApplicationTest() {
 *     super((program, silence) -> MyApplication.builder(program).timeout(silence).build());
 *   }
 * }
 * }</pre>
 *
 * <p>The contract kills the programs that an application leaves behind after their case. The
 * programs are {@link FixturePrograms}; {@link dev.postern.Lint} stands around the application.
 * Needs Linux's {@code /proc} and a shell.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class ApplicationContract {
  private static final Duration WAIT = Duration.ofSeconds(5);

  private final Duration wait;
  private final ApplicationUnderTest applications;
  private @Nullable Path directory;

  /** How to make an application of a program. */
  @FunctionalInterface
  public interface ApplicationUnderTest {
    /**
     * Returns an application that answers by running this program, with all defaults otherwise. The
     * contract closes it after use if it is {@link AutoCloseable}.
     *
     * @param program an executable file
     * @param silence how long a program may be silent, before its head and in its body
     */
    Application open(Path program, Duration silence) throws Exception;
  }

  /** Makes the contract of one kind of application, with a wait of 5 s. */
  protected ApplicationContract(ApplicationUnderTest applications) {
    this(WAIT, applications);
  }

  /**
   * Makes the contract of one kind of application.
   *
   * @param wait how long the contract waits for something that must happen, such as the end of a
   *     program; a case fails in any case after three times as long. An application that keeps the
   *     contract needs no wait, so a longer one costs nothing
   */
  protected ApplicationContract(Duration wait, ApplicationUnderTest applications) {
    if (wait.isNegative() || wait.isZero()) {
      throw new IllegalArgumentException("wait must be positive: " + wait);
    }
    this.wait = wait;
    this.applications = requireNonNull(applications, "applications");
  }

  @BeforeAll
  final void createDirectory() throws IOException {
    directory = Files.createTempDirectory("postern-programs");
    Witness.setMode(directory, "rwxr-xr-x");
  }

  @AfterAll
  final void removeDirectory() throws IOException {
    if (directory != null) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** Returns a test for each case. */
  @TestFactory
  final List<DynamicTest> contract() {
    return ProgramCase.all().stream()
        .filter(this::selects)
        .map(test -> DynamicTest.dynamicTest(test.name(), () -> run(test)))
        .toList();
  }

  /** Returns whether a case is run. Tests of the contract itself override this. */
  boolean selects(ProgramCase test) {
    return true;
  }

  private void run(ProgramCase test) throws Exception {
    Path own = Files.createTempDirectory(requireNonNull(directory), "case");
    Witness.setMode(own, "rwxr-xr-x");
    Path files = Files.createDirectory(own.resolve("files"));
    Witness.setMode(files, "rwxrwxrwx");
    Executable body =
        () -> {
          Application application = applications.open(test.program().install(own), test.silence());
          try {
            test.check().run(new ProgramCase.Trial(application, files, wait));
          } finally {
            if (application instanceof AutoCloseable closing) {
              closing.close();
            }
          }
        };
    try {
      assertTimeoutPreemptively(wait.multipliedBy(3), body);
    } catch (TestAbortedException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(
          "application must " + test.must() + " [" + test.id() + "]: " + e.getMessage(), e);
    } finally {
      ProgramCase.Trial.killNoted(files);
    }
  }
}
