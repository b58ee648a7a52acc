package com.example;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Responder;
import dev.postern.Response;

/** An application: it knows nothing of servlets. */
public final class Hello implements Responder {
  @Override
  public Response respond(Environ environ) {
    return Response.of(
        200,
        Headers.of("Content-Type", "text/plain; charset=utf-8"),
        Body.of("Hello from " + environ.scriptName() + "\n"));
  }
}
