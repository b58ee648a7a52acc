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
 * <p>Only one kind of response has no {@code Status}: a 200 for a server that asks for an error
 * page. Apache then answers its client with the status of the failed request. {@code Status: 200}
 * would turn a 404 into a 200.
 */
public class CgiSink implements ResponseSink {
  /** {@code PIPE_BUF}: any pipe holds so many bytes (pipe(7)). */
  private static final int ALWAYS_FITS = 4096;

  private final OutputStream out;
  private final @Nullable BodyAhead body;
  private final boolean errorPage;
  private long written;
  private long bodyLeft = -1;

  /** Whether the host can count bytes to see that the response is whole. */
  private boolean isCounted;

  private volatile boolean whole;
  private @Nullable ByteArrayOutputStream head;

  /**
   * A sink of one response.
   *
   * @param body the request's body, or null; the sink has it read ahead before the response grows
   *     beyond what any server takes while it still sends the body
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
    isCounted = bodyLeft > 0;
    head = bytes;
  }

  /**
   * Whether all bytes of the response have been handed on, or are being handed on now. From then on
   * the server needs this process no more: lighttpd sends SIGTERM as soon as it has read as many
   * bytes as Content-Length says. Any thread.
   */
  public boolean isWhole() {
    return whole;
  }

  /**
   * Whether the response has a body, and so must have a type (RFC 3875 6.3.1). Without a type a
   * server may refuse the response, or guess one.
   */
  private static boolean hasDocument(int status, Headers headers) {
    return status != 204 && status != 304 && !"0".equals(headers.get("Content-Length"));
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (bodyLeft >= 0) {
      bodyLeft -= length;
      // This comes before the write, because the server may act on these bytes before the write
      // returns.
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

  /**
   * True while the head still waits for the first bytes of the body, because nothing has gone out
   * then.
   */
  @Override
  public boolean reset() {
    if (head == null) {
      return false;
    }
    head = null;
    written = 0;
    return true;
  }

  /**
   * Drops the head if it still waits. Only the exit status can tell the server about the failure.
   */
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
   * The exit status, for hosts that look at how a program ends. It is 0 after a whole response that
   * the application meant, which may also be an {@link HttpException}; otherwise 1. If a response
   * has no Content-Length, or one of 0, only the exit status tells a host that it is whole. So such
   * a response ends with 0 even if the request has failed otherwise, as when the body's close
   * throws.
   */
  public int exitStatus(Outcome outcome) {
    Throwable failure = outcome.failure();
    boolean meant = failure == null || failure instanceof HttpException;
    return outcome.complete() && (meant || !isCounted) ? 0 : 1;
  }
}
