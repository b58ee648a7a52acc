package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Response;

/** A header on every response. */
final class AddHeader {
  private AddHeader() {}

  static Application overResponse(String name, String value, Application application) {
    return Application.of(
        environ -> {
          Response response = Response.from(application, environ);
          return response.withHeaders(response.headers().with(name, value));
        });
  }

  /** Sees also a response that is replaced while the body is written. */
  static Application overStart(String name, String value, Application application) {
    return (environ, start) ->
        application.call(
            environ,
            (status, headers, error) -> start.start(status, headers.with(name, value), error));
  }
}
