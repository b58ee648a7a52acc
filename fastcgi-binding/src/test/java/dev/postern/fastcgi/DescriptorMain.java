package dev.postern.fastcgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.cgi.CgiGateway;
import java.io.IOException;

/** A program that somebody starts with a socket. */
final class DescriptorMain {
  static final Application APPLICATION =
      Application.of(
          environ -> {
            if (environ.pathInfo().equals("/print")) {
              System.out.println("printed");
              System.err.println("printed");
            }
            Headers headers = Headers.of("Content-Type", "text/plain");
            return Response.of(200, headers, Body.of(answer(environ)));
          });

  private DescriptorMain() {}

  private static String answer(Environ environ) throws IOException {
    return switch (environ.pathInfo()) {
      case "/pid" -> "" + ProcessHandle.current().pid();
      case "/length" -> "" + environ.input().readAllBytes().length;
      default -> "served " + environ.pathInfo();
    };
  }

  public static void main(String[] args) throws IOException {
    if (args[0].equals("cgi")) {
      CgiGateway.main(APPLICATION);
    } else {
      FastCgiGateway.main(APPLICATION);
    }
  }
}
