package com.example;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Responder;
import dev.postern.Response;
import dev.postern.spring.GatewayMapping;
import org.springframework.stereotype.Component;

/** An application. It is a bean, so other beans can be injected into it. */
@Component
@GatewayMapping("/hello/*")
public class Hello implements Responder {
  @Override
  public Response respond(Environ environ) {
    return Response.of(
        200,
        Headers.of("Content-Type", "text/plain; charset=utf-8"),
        Body.of("Hello from " + environ.scriptName() + "\n"));
  }
}
