package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.Isolation;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletConfig;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A web application that is undeployed leaves nothing. */
class UndeployTest {
  @TempDir Path directory;

  /** An application that counts. */
  private static final class Closing implements Application, AutoCloseable {
    private final AtomicInteger closed = new AtomicInteger();

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      startResponse.start(200, Headers.of());
      return Body.empty();
    }

    @Override
    public void close() {
      closed.incrementAndGet();
    }
  }

  @Test
  void destroy_closesTheApplication() {
    Closing application = new Closing();
    new ServletGateway(application).destroy();
    assertThat(application.closed).hasValue(1);
  }

  /** Counts how often it is made. */
  public static final class Made implements Application {
    private static final AtomicInteger COUNT = new AtomicInteger();

    public Made() {
      COUNT.incrementAndGet();
    }

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      return Body.empty();
    }
  }

  /** A container does not destroy what has not started, so that nobody would close it. */
  @Test
  void wrongInitParameter_makesNoApplication() {
    Map<String, String> parameters = Map.of("application", Made.class.getName(), "dedline", "3");
    String message = "init parameter must be one that there is: \"dedline\"; there are ";

    assertThatThrownBy(() -> new ServletGateway().init(config(ServletConfig.class, parameters)))
        .hasMessageStartingWith(message)
        .hasMessageEndingWith(", application");
    assertThatThrownBy(() -> new FilterGateway().init(config(FilterConfig.class, parameters)))
        .hasMessageStartingWith(message)
        .hasMessageEndingWith(", application");
    assertThat(Made.COUNT).hasValue(0);
  }

  private static <T> T config(Class<T> type, Map<String, String> parameters) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getInitParameterNames" -> Collections.enumeration(parameters.keySet());
                  case "getInitParameter" -> parameters.get(arguments[0]);
                  default -> null;
                }));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void close_leavesNoThreadOfAProgram() throws Exception {
    Path program = directory.resolve("p");
    Files.writeString(program, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nx'\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    // Such programs are started by a thread of their own, which must not stay either.
    CgiApplication application =
        CgiApplication.builder(program)
            .isolation(Isolation.builder().endWithServer().build())
            .build();
    ClassLoader loader = new ClassLoader(getClass().getClassLoader()) {};
    Thread.currentThread().setContextClassLoader(loader);
    for (int i = 0; i < 3; i++) {
      InMemoryGateway gateway = InMemoryGateway.builder(application).build();
      assertThat(gateway.run(TestRequest.get("/")).text()).isEqualTo("x");
      assertThat(threads()).extracting(Thread::getContextClassLoader).doesNotContain(loader);
      application.close();
      for (Thread thread : threads()) {
        // A thread leaves its pool a moment before it ends.
        if (thread.getName().startsWith("postern-")) {
          thread.join(1_000);
          assertThat(thread.isAlive()).as(thread.getName()).isFalse();
        }
      }
    }
    Thread.currentThread().setContextClassLoader(getClass().getClassLoader());
  }

  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread != Thread.currentThread())
        .filter(thread -> thread.getName().matches("postern-.*|process reaper.*"))
        .toList();
  }
}
