package dev.postern.testing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.postern.Application;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.opentest4j.TestAbortedException;

/**
 * JUnit tests of what SPEC.md asks of a gateway. A gateway's test is a class with a constructor of
 * one line, which says how to start the gateway, and what it lacks.
 *
 * <pre>{@code
 * class MyGatewayTest extends GatewayContract {
 *   MyGatewayTest() {
 *     super(MyGatewayTest::start, Capability.CONTINUE.lacking("HTTP/1.0 has no such thing"));
 *   }
 *
 *   private static GatewayClient start(Application application) throws Exception {
 *     MyServer server = MyServer.start(application);
 *     return HttpGatewayClient.of(server.port()).onClose(server::stop);
 *   }
 * }
 * }</pre>
 *
 * <p>The contract starts the gateway once for the class, with {@link ContractApplication}, and
 * sends many requests, some at the same time. Each test is named by the id of a rule, and its
 * failure says {@code gateway must rule [id]}. {@link dev.postern.Lint} stands around every
 * application.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class GatewayContract {
  private static final Duration WAIT = Duration.ofSeconds(5);

  private final Duration wait;
  private final GatewayUnderTest gateway;
  private final Map<Capability, String> lacks = new EnumMap<>(Capability.class);
  private @Nullable GatewayClient client;
  private @Nullable Path directory;

  /** How to reach a gateway that serves an application. */
  @FunctionalInterface
  public interface GatewayUnderTest {
    /**
     * Starts a gateway. Closing the client ends it. If a part is missing on this machine, this
     * method throws a failed assumption.
     *
     * @param application has a public constructor without arguments, for gateways in other
     *     processes
     */
    GatewayClient start(Application application) throws Exception;
  }

  /**
   * Makes the contract of one gateway, with a wait of 5 s.
   *
   * @param lacks what the gateway, its server or the client cannot do; tests that need it are
   *     skipped with the reason
   */
  protected GatewayContract(GatewayUnderTest gateway, Capability.Lack... lacks) {
    this(WAIT, gateway, lacks);
  }

  /**
   * Makes the contract of one gateway.
   *
   * @param wait how long the contract waits for something that must happen, such as the next byte
   *     of a response or the end of a request; a case fails in any case after three times as long.
   *     A gateway that keeps the contract needs no wait, so a longer one costs nothing. Pass a
   *     longer one if the machine is busy or each request starts a JVM
   * @param lacks what the gateway, its server or the client cannot do; tests that need it are
   *     skipped with the reason
   */
  protected GatewayContract(Duration wait, GatewayUnderTest gateway, Capability.Lack... lacks) {
    if (wait.isNegative() || wait.isZero()) {
      throw new IllegalArgumentException("wait must be positive: " + wait);
    }
    this.wait = wait;
    this.gateway = requireNonNull(gateway, "gateway");
    for (Capability.Lack lack : lacks) {
      this.lacks.put(lack.capability(), lack.reason());
    }
  }

  @BeforeAll
  final void startGateway() throws Exception {
    directory = Files.createTempDirectory("postern-contract");
    Witness.setMode(directory, "rwxrwxrwx");
    client = gateway.start(new ContractApplication()).waiting(wait);
  }

  @AfterAll
  final void stopGateway() throws IOException {
    if (client != null) {
      client.close();
    }
    if (directory != null) {
      try (Stream<Path> files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  /** Returns a test for each case, by subject. */
  @TestFactory
  final List<DynamicContainer> contract() {
    return ContractCases.SUBJECTS.stream()
        .map(
            subject ->
                DynamicContainer.dynamicContainer(
                    subject,
                    ContractCases.about(subject).stream()
                        .filter(this::selects)
                        .map(
                            test ->
                                DynamicTest.dynamicTest(test.name(), () -> run(subject, test)))))
        .toList();
  }

  /** Returns whether a case is run. Tests of the contract itself override this. */
  boolean selects(ContractCase test) {
    return true;
  }

  private void run(String subject, ContractCase test) {
    for (Capability needed : test.needs()) {
      String reason = lacks.get(needed);
      if (reason != null) {
        throw new TestAbortedException(test.id() + " needs " + needed + ": " + reason);
      }
    }
    Trial trial = new Trial(requireNonNull(client), subject, test, requireNonNull(directory), wait);
    try {
      assertTimeoutPreemptively(
          wait.multipliedBy(3),
          () -> {
            test.script().run(trial);
            trial.checkLint();
          });
    } catch (Throwable e) {
      throw new AssertionError(
          "gateway must " + test.must() + " [" + test.id() + "]: " + e.getMessage(), e);
    }
  }
}
