package dev.postern.gateway;

import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Outcome;
import dev.postern.Response;
import dev.postern.ResponseSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a response in CGI form (RFC 3875 6): {@code Status} first, then {@code Content-Type}, then
 * the rest. The head goes out together with the first bytes of the body, in one write. Confined to
 * one request.
 *
 * <p>One response has no {@code Status}: a 200 to a server that asks for an error page. Apache
 * answers its client with the status of the failed request then; {@code Status: 200} would turn a
 * 404 into a 200.
 */
public class CgiSink implements ResponseSink {
  /** {@code PIPE_BUF}: as much as any pipe holds (pipe(7)). */
  private static final int ALWAYS_FITS = 4096;

  private final OutputStream out;
  private final @Nullable BodyAhead body;
  private final boolean errorPage;
  private long written;
  private long bodyLeft = -1;
  private volatile boolean whole;
  private @Nullable ByteArrayOutputStream head;

  /**
   * A sink of one response.
   *
   * @param body the request's, if it has one: it is read ahead when the response is more than the
   *     server can be trusted to take meanwhile
   * @param errorPage whether the server asks for an error page: {@link
   *     ProcessVariables#isErrorPage}
   */
  public CgiSink(OutputStream out, @Nullable BodyAhead body, boolean errorPage) {
    this.out = out;
    this.body = body;
    this.errorPage = errorPage;
  }

  @Override
  public void head(int status, Headers headers) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    // A Location without a Status would be a redirect (RFC 3875 6.2.3).
    if (status != 200 || !errorPage || headers.contains("Location")) {
      line(bytes, "Status", status + " " + Response.reasonPhrase(status));
    }
    if (headers.contains("Content-Type")) {
      for (String type : headers.all("Content-Type")) {
        line(bytes, "Content-Type", type);
      }
    } else if (hasDocument(status, headers)) {
      line(bytes, "Content-Type", "application/octet-stream");
    }
    for (Map.Entry<String, String> field : headers) {
      if (!field.getKey().equalsIgnoreCase("Content-Type")) {
        line(bytes, field.getKey(), field.getValue());
      }
    }
    bytes.write('\r');
    bytes.write('\n');
    String length = headers.get("Content-Length");
    bodyLeft = length == null ? -1 : Long.parseLong(length);
    head = bytes;
  }

  /**
   * Whether all bytes of the response have been handed on, or are being. The server has no use for
   * this process then: lighttpd sends SIGTERM as soon as it has read as many as Content-Length
   * says. Any thread.
   */
  public boolean isWhole() {
    return whole;
  }

  /** What has a body must have a type (RFC 3875 6.3.1): a server may refuse it, or guess one. */
  private static boolean hasDocument(int status, Headers headers) {
    return status != 204 && status != 304 && !"0".equals(headers.get("Content-Length"));
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (bodyLeft >= 0) {
      bodyLeft -= length;
      // Before the write: who reads these bytes may act on them before it returns.
      whole = bodyLeft <= 0;
    }
    ByteArrayOutputStream waiting = head;
    written += length + (waiting == null ? 0 : waiting.size());
    if (body != null && written > ALWAYS_FITS) {
      body.start();
    }
    if (waiting == null) {
      out.write(bytes, offset, length);
      return;
    }
    head = null;
    waiting.write(bytes, offset, length);
    waiting.writeTo(out);
  }

  @Override
  public void flush() throws IOException {
    writeHead();
    out.flush();
  }

  @Override
  public void finish() throws IOException {
    flush();
  }

  /** True while the head waits for the first bytes: nothing has gone out. */
  @Override
  public boolean reset() {
    if (head == null) {
      return false;
    }
    head = null;
    written = 0;
    return true;
  }

  /** Only the exit status can tell the server; what is held is dropped. */
  @Override
  public void abort(Throwable cause) {
    head = null;
  }

  private void writeHead() throws IOException {
    if (head != null) {
      ByteArrayOutputStream waiting = head;
      head = null;
      written += waiting.size();
      waiting.writeTo(out);
    }
  }

  private static void line(ByteArrayOutputStream bytes, String name, String value) {
    byte[] line =
        name.concat(": ").concat(value).concat("\r\n").getBytes(StandardCharsets.ISO_8859_1);
    bytes.write(line, 0, line.length);
  }

  /**
   * What a host may go by that looks at how a program ends: 0 after a whole response that the
   * application meant, by an {@link HttpException} too.
   */
  public static int exitStatus(Outcome outcome) {
    Throwable failure = outcome.failure();
    return outcome.complete() && (failure == null || failure instanceof HttpException) ? 0 : 1;
  }
}
