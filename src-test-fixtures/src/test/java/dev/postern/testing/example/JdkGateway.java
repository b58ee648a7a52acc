package dev.postern.testing.example;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** Serves an application from the HTTP server of the JDK. */
record JdkGateway(Application application) implements HttpHandler {
  @Override
  public void handle(HttpExchange http) throws IOException {
    Environ environ = Environ.builder(variables(http)).input(http.getRequestBody()).build();
    if (!Exchange.of(environ, new Sink(http)).run(application).complete()) {
      throw new IOException("makes the server break off the connection: the response is cut");
    }
  }

  private static Map<String, String> variables(HttpExchange http) {
    String[] target = http.getRequestURI().toString().split("\\?", 2);
    Map<String, String> variables = new HashMap<>();
    variables.put("REQUEST_METHOD", http.getRequestMethod());
    variables.put("PATH_INFO", decoded(target[0]));
    variables.put("QUERY_STRING", target.length == 1 ? "" : target[1]);
    variables.put("SERVER_NAME", http.getLocalAddress().getAddress().getHostAddress());
    variables.put("SERVER_PORT", String.valueOf(http.getLocalAddress().getPort()));
    variables.put("SERVER_PROTOCOL", http.getProtocol());
    http.getRequestHeaders()
        .forEach(
            (name, values) -> {
              String upper = name.toUpperCase(Locale.ROOT).replace('-', '_');
              boolean plain = upper.equals("CONTENT_TYPE") || upper.equals("CONTENT_LENGTH");
              if (name.matches("[A-Za-z0-9-]+") && !upper.equals("PROXY")) {
                String separator = upper.equals("COOKIE") ? "; " : ", ";
                variables.put(plain ? upper : "HTTP_" + upper, String.join(separator, values));
              }
            });
    return variables;
  }

  /** Once, and a char for each byte. */
  private static String decoded(String path) {
    return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.ISO_8859_1);
  }

  private static final class Sink implements ResponseSink {
    private final HttpExchange http;
    private boolean hasBody;

    Sink(HttpExchange http) {
      this.http = http;
    }

    @Override
    public void head(int status, Headers headers) throws IOException {
      headers.forEach(field -> http.getResponseHeaders().add(field.getKey(), field.getValue()));
      String length = headers.get("Content-Length");
      boolean bodiless = http.getRequestMethod().equals("HEAD") || status == 204 || status == 304;
      long unknown = 0;
      long none = -1;
      long known = length == null ? unknown : Long.parseLong(length);
      hasBody = !bodiless && !"0".equals(length);
      http.sendResponseHeaders(status, hasBody ? known : none);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      http.getResponseBody().write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      http.getResponseBody().flush();
    }

    /**
     * Reads what the application left of the request's body: else the server reads 64 KiB of it and
     * resets the connection, and the client may lose the response.
     */
    @Override
    public void finish() throws IOException {
      if (hasBody) {
        http.getResponseBody().flush();
        http.getRequestBody().transferTo(OutputStream.nullOutputStream());
      }
      http.close();
    }

    @Override
    public void abort(Throwable cause) {}
  }
}
