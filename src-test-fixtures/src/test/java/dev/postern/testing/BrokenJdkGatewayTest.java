package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.postern.Application;
import java.lang.reflect.Constructor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;

/** The gateway of the documentation with one line changed fails with the id of what that broke. */
class BrokenJdkGatewayTest {
  private static final Path SOURCE =
      Path.of("src/test/java/dev/postern/testing/example/JdkGateway.java");

  /** What the next run is about; JUnit makes the contract, so it cannot be told. */
  private static Class<?> broken;

  private static String rule;

  @AfterEach
  void forget() {
    broken = null;
  }

  @EnabledIf("isUnderTest")
  static final class Contract extends GatewayContract {
    /** Not where somebody runs all classes that have tests. */
    static boolean isUnderTest() {
      return broken != null;
    }

    Contract() {
      super(Duration.ofMillis(800), Contract::start);
    }

    private static GatewayClient start(Application application) throws Exception {
      Constructor<?> constructor = broken.getDeclaredConstructor(Application.class);
      constructor.setAccessible(true);
      InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      HttpServer server = HttpServer.create(anyPort, 0);
      ExecutorService threads = Executors.newCachedThreadPool();
      server.setExecutor(threads);
      server.createContext("/", (HttpHandler) constructor.newInstance(application));
      server.start();
      return HttpGatewayClient.of(server.getAddress().getPort())
          .onClose(
              () -> {
                server.stop(0);
                threads.shutdownNow();
              });
    }

    @Override
    boolean selects(ContractCase test) {
      return test.id().equals(rule);
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "E1  | http.getRequestMethod());        | http.getRequestMethod().toLowerCase());",
        "E3  | decoded(target[0])               | decoded(decoded(target[0]))",
        "E4  | : target[1]                      | : decoded(target[1])",
        "E11 | String.join(separator, values)   | values.get(0)",
        "E12 | name.matches(\"[A-Za-z0-9-]+\")  | !name.isEmpty()",
        "E13 | && !upper.equals(\"PROXY\")      | ",
        "E19 | .input(http.getRequestBody())    | ",
        "G14 | .run(application).complete()     | .run(application).toString().isEmpty() == false",
        "G16 | sendResponseHeaders(status       | sendResponseHeaders(200",
        "G17 | getResponseHeaders().add(        | getResponseHeaders().set(",
        "G25 | http.getResponseBody().flush();  | ",
      })
  void gatewayWithOneChange_failsWithItsRule(
      String id, String text, String replacement, @TempDir Path directory) throws Exception {
    rule = id;
    broken = compiled(text, replacement == null ? "" : replacement, directory);
    List<String> messages = failures();
    assertThat(messages).as("failures of a gateway that breaks %s", id).isNotEmpty();
    assertThat(messages).allSatisfy(message -> assertThat(message).contains("[" + id + "]: "));
  }

  private static Class<?> compiled(String text, String replacement, Path directory)
      throws Exception {
    String source = Files.readString(SOURCE);
    assertThat(source).contains(text);
    Path file =
        Files.writeString(directory.resolve("JdkGateway.java"), source.replace(text, replacement));
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                directory.toString(),
                file.toString());
    assertThat(failed).isZero();
    return new ChildFirst(directory.toUri().toURL())
        .loadClass("dev.postern.testing.example.JdkGateway");
  }

  /** Finds the example's classes in its directory, whatever the class path has. */
  private static final class ChildFirst extends URLClassLoader {
    ChildFirst(URL directory) {
      super(new URL[] {directory}, BrokenJdkGatewayTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (name.startsWith("dev.postern.testing.example.")) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
      return super.loadClass(name, resolve);
    }
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
