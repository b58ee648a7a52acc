package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** One request to an application, and what came of it. */
final class Call implements ResponseSink {
  private final Map<String, String> variables = new HashMap<>();
  private final StringWriter errors = new StringWriter();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private InputStream input = InputStream.nullInputStream();
  private String scheme = "http";
  private @Nullable Duration deadline;
  @Nullable Exchange exchange;

  int status;
  Headers headers = Headers.of();
  volatile Outcome outcome;
  boolean aborted;
  int flushes;

  /** Bytes after which the client goes away, or none. */
  long goneAfter = Long.MAX_VALUE;

  Runnable onFlush = () -> {};

  /** Before a block is taken, which a slow client does late. */
  Runnable beforeWrite = () -> {};

  /** Only counts the body. */
  boolean discard;

  volatile long count;
  final CRC32 crc = new CRC32();

  private Call(String method, String path) {
    variables.put("REQUEST_METHOD", method);
    variables.put("PATH_INFO", path);
    variables.put("SERVER_NAME", "localhost");
    variables.put("SERVER_PORT", "80");
    variables.put("SERVER_PROTOCOL", "HTTP/1.1");
  }

  static Call get(String path) {
    return new Call("GET", path);
  }

  static Call of(String method, String path) {
    return new Call(method, path);
  }

  static Call post(String path, byte[] body) {
    return new Call("POST", path).length(body.length).input(new ByteArrayInputStream(body));
  }

  Call with(String name, String value) {
    variables.put(name, value);
    return this;
  }

  Call length(long length) {
    return with("CONTENT_LENGTH", Long.toString(length));
  }

  Call input(InputStream newInput) {
    input = newInput;
    return this;
  }

  Call to(Application application) {
    exchange = prepare();
    outcome = exchange.run(application);
    return this;
  }

  Call without(String name) {
    variables.remove(name);
    return this;
  }

  Call deadline(Duration newDeadline) {
    deadline = newDeadline;
    return this;
  }

  Call scheme(String newScheme) {
    scheme = newScheme;
    return this;
  }

  /** For a test that cancels: prepares the exchange, which {@link #run} then runs. */
  Exchange prepare() {
    exchange = Exchange.of(environ(), this);
    return exchange;
  }

  Environ environ() {
    Environ.Builder builder =
        Environ.builder(variables)
            .input(input)
            .scheme(scheme)
            .errors(new PrintWriter(errors, true));
    return deadline == null ? builder.build() : builder.deadline(deadline).build();
  }

  /** The failure, as it is in the outcome. */
  GatewayException failure() {
    return (GatewayException) outcome.failure();
  }

  /** The rule that was broken, as the diagnosis tells. */
  String rule() {
    return failure().diagnosis().rule();
  }

  Call run(Application application) {
    outcome = exchange.run(application);
    return this;
  }

  String body() {
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }

  String log() {
    return errors.toString();
  }

  @Override
  public void head(int newStatus, Headers newHeaders) {
    status = newStatus;
    headers = newHeaders;
  }

  @Override
  public void write(byte[] block, int offset, int length) throws IOException {
    beforeWrite.run();
    take(block, offset, length);
  }

  @Override
  public void write(ByteBuffer block) throws IOException {
    beforeWrite.run();
    byte[] copy = new byte[block.remaining()];
    block.get(copy);
    take(copy, 0, copy.length);
  }

  private void take(byte[] block, int offset, int length) throws IOException {
    if (count + length > goneAfter) {
      throw new IOException("Broken pipe");
    }
    crc.update(block, offset, length);
    if (!discard) {
      bytes.write(block, offset, length);
    }
    count += length;
  }

  @Override
  public void flush() {
    flushes++;
    onFlush.run();
  }

  @Override
  public void finish() {}

  @Override
  public void abort(Throwable cause) {
    aborted = true;
  }
}
