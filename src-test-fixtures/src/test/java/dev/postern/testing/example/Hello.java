package dev.postern.testing.example;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;

final class Hello implements Application {
  @Override
  public Body call(Environ environ, StartResponse startResponse) {
    startResponse.start(200, Headers.of("Content-Type", "text/plain; charset=utf-8"));
    return Body.of("Hello from " + environ.scriptName() + environ.pathInfo() + "\n");
  }
}
