package dev.postern.fastcgi.client;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One request to an application, and what came of it. Fields are read after {@link #to}. */
public final class Ask implements ResponseSink {
  private final Map<String, String> variables = new HashMap<>();
  private final StringWriter errors = new StringWriter();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private InputStream input = InputStream.nullInputStream();

  public int status;
  public Headers headers = Headers.of();
  public @Nullable Outcome outcome;
  public boolean aborted;
  public long count;

  private Ask(String method, String path) {
    variables.put("REQUEST_METHOD", method);
    variables.put("PATH_INFO", path);
    variables.put("REQUEST_URI", path);
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
    variables.put("REMOTE_ADDR", "127.0.0.1");
  }

  public static Ask get(String path) {
    return new Ask("GET", path);
  }

  public static Ask of(String method, String path) {
    return new Ask(method, path);
  }

  public static Ask post(String path, byte[] body) {
    return new Ask("POST", path)
        .with("CONTENT_LENGTH", Integer.toString(body.length))
        .input(new ByteArrayInputStream(body));
  }

  public Ask with(String name, String value) {
    variables.put(name, value);
    return this;
  }

  public Ask input(InputStream newInput) {
    input = newInput;
    return this;
  }

  public Ask to(Application application) {
    outcome = exchange().run(application);
    return this;
  }

  public Exchange exchange() {
    Environ environ =
        Environ.builder(variables).input(input).errors(new PrintWriter(errors, true)).build();
    return Exchange.of(environ, this);
  }

  /** The rule that was broken, as the diagnosis tells. */
  public String rule() {
    return ((GatewayException) outcome.failure()).diagnosis().rule();
  }

  public String body() {
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  public String log() {
    return errors.toString();
  }

  @Override
  public void head(int newStatus, Headers newHeaders) {
    status = newStatus;
    headers = newHeaders;
  }

  @Override
  public void write(byte[] block, int offset, int length) {
    count += length;
    if (count < 1 << 20) {
      bytes.write(block, offset, length);
    }
  }

  @Override
  public void flush() {}

  @Override
  public void finish() {}

  @Override
  public void abort(Throwable cause) {
    aborted = true;
  }
}
