package dev.postern.web;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Responder;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Requests and environs for tests. */
public final class Web {
  private Web() {}

  /** Runs the request in memory, under Lint. */
  public static TestResponse run(Application application, TestRequest request) {
    return InMemoryGateway.of(application).run(request);
  }

  public static TestResponse run(Responder responder, TestRequest request) {
    return run(Application.of(responder), request);
  }

  public static TestResponse get(Application application, String target) {
    return run(application, TestRequest.get(target));
  }

  /** An environ of a GET with these variables more, names and values in turn. */
  public static Environ environ(String... variables) {
    Map<String, String> all = new HashMap<>();
    all.put("REQUEST_METHOD", "GET");
    all.put("SERVER_NAME", "example.org");
    all.put("SERVER_PORT", "80");
    all.put("SERVER_PROTOCOL", "HTTP/1.1");
    all.put("PATH_INFO", "/");
    for (int i = 0; i < variables.length; i += 2) {
      all.put(variables[i], variables[i + 1]);
    }
    return Environ.builder(all).errors(new PrintWriter(new StringWriter())).build();
  }

  /** An environ of a POST with this body, bytes as chars. */
  public static Environ post(String type, String body) {
    return Environ.builder(
            Map.of(
                "REQUEST_METHOD",
                "POST",
                "CONTENT_TYPE",
                type,
                "CONTENT_LENGTH",
                Integer.toString(body.length())))
        .input(new ByteArrayInputStream(body.getBytes(StandardCharsets.ISO_8859_1)))
        .errors(new PrintWriter(new StringWriter()))
        .build();
  }

  /** A request view of a GET with these variables. */
  public static Request request(String... variables) {
    return Request.of(environ(variables));
  }
}
