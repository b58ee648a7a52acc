package com.example;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.servlet.ServletGateway;
import jakarta.servlet.annotation.WebServlet;

/** An application, as a servlet that the container finds by its annotation. */
@WebServlet("/hello/*")
public class Hello extends ServletGateway {
  private static final long serialVersionUID = 1;

  public Hello() {
    super(Application.of(Hello::respond));
  }

  private static Response respond(Environ environ) {
    return Response.of(
        200,
        Headers.of("Content-Type", "text/plain; charset=utf-8"),
        Body.of("Hello from " + environ.scriptName() + "\n"));
  }
}
