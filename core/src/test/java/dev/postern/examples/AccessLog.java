package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Outcome;
import dev.postern.Response;
import java.util.function.Consumer;

/**
 * One line for each request. The hook sees what was sent in the end, the engine's own 500 and a cut
 * response too; a middleware that only looks at the response of the application cannot.
 */
final class AccessLog {
  private AccessLog() {}

  static Application overResponse(Consumer<String> log, Application application) {
    return Application.of(
        environ -> {
          environ.onFinish(outcome -> log.accept(line(environ, outcome)));
          return Response.from(application, environ);
        });
  }

  static Application overStart(Consumer<String> log, Application application) {
    return (environ, start) -> {
      environ.onFinish(outcome -> log.accept(line(environ, outcome)));
      return application.call(environ, start);
    };
  }

  private static String line(Environ environ, Outcome outcome) {
    return environ.method()
        + " "
        + environ.url()
        + " "
        + outcome.status()
        + " "
        + outcome.bytes()
        + (outcome.complete() ? "" : " cut");
  }
}
