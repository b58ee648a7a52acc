package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * One request to an application in memory, and its response: {@code Call.get("/a").header("Accept",
 * "text/plain").run(application)}.
 */
public final class Call {
  private final Map<String, String> variables = new HashMap<>();
  private final StringWriter errors = new StringWriter();
  private final RecordingSink sink = new RecordingSink();
  private byte[] body = {};
  private Environ environ;
  private Exchange exchange;
  private Outcome outcome;

  private Call(String method, String path) {
    variables.put("REQUEST_METHOD", method);
    variables.put("SERVER_NAME", "example.org");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    int query = path.indexOf('?');
    variables.put("PATH_INFO", query < 0 ? path : path.substring(0, query));
    variables.put("QUERY_STRING", query < 0 ? "" : path.substring(query + 1));
  }

  public static Call of(String method, String path) {
    return new Call(method, path);
  }

  public static Call get(String path) {
    return of("GET", path);
  }

  /** Sets a CGI variable, bytes as chars. */
  public Call variable(String name, String value) {
    variables.put(name, value);
    return this;
  }

  /** Sets a request header. */
  public Call header(String name, String value) {
    return variable(VariableNames.ofHeader(name), value);
  }

  /** Sets the request's body and CONTENT_LENGTH. */
  public Call body(String text) {
    body = text.getBytes(StandardCharsets.UTF_8);
    return variable("CONTENT_LENGTH", Integer.toString(body.length));
  }

  /** The environ of this call; nothing can be set after it was asked for. */
  public Environ environ() {
    if (environ == null) {
      environ =
          Environ.builder(variables)
              .input(new ByteArrayInputStream(body))
              .errors(new PrintWriter(errors))
              .build();
    }
    return environ;
  }

  public Exchange exchange() {
    if (exchange == null) {
      exchange = Exchange.of(environ(), sink);
    }
    return exchange;
  }

  /** Runs the application, and checks what must hold for every exchange. */
  public Call run(Application application) {
    outcome = exchange().run(application);
    assertThat(sink.violations()).as("calls that a sink must not see").isEmpty();
    assertThat(sink.isFinished()).as("finished, by the sink").isEqualTo(outcome.complete());
    assertThat(sink.aborted() != null).as("aborted").isEqualTo(!outcome.complete());
    assertThat(outcome.status()).isEqualTo(sink.status());
    assertThat(outcome.bytes()).isEqualTo(sink.bytes().length);
    return this;
  }

  public RecordingSink sink() {
    return sink;
  }

  public Outcome outcome() {
    return outcome;
  }

  public int status() {
    return sink.status();
  }

  public Headers headers() {
    return sink.headers();
  }

  /** The response header of that name, or null. */
  public String header(String name) {
    return sink.headers().get(name);
  }

  /** The response's body as UTF-8. */
  public String text() {
    return sink.text();
  }

  /** What went to {@code postern.errors}. */
  public String errors() {
    return errors.toString();
  }
}
