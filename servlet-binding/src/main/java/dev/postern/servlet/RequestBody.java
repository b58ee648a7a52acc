package dev.postern.servlet;

import dev.postern.GatewayException;
import dev.postern.Headers;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request's body. Some containers send {@code 100 Continue} as soon as somebody asks for the
 * body. So this class asks the container at the first read and not before.
 *
 * <p>A filter may have read the body before. If the body is a form, this class makes it again
 * ({@link RebuiltBody}). To find out whether a filter has read a form, this class reads the first
 * byte when the application reads the body. After {@link #mayLook}, it also does so when the
 * application asks for the length.
 */
final class RequestBody extends InputStream {
  /** As much as Tomcat swallows by default. */
  private static final int DRAINED = 2 << 20;

  /** How long {@link #drain()} waits for the rest of a body after the response, in milliseconds. */
  private static final int PATIENCE_MILLIS = 100;

  private static final String REST_IS_READ = "dev.postern.servlet.rest-is-read";

  /**
   * An attribute of Tomcat 10.1. It is true if Tomcat has dropped parameters that it could not
   * decode or that were too many or too large. Newer ones throw an exception at the filter.
   */
  private static final String PARSE_FAILED = "org.apache.catalina.parameter_parse_failed";

  private static final String PARSE_FAILED_REASON = PARSE_FAILED + "_reason";

  private static final Set<String> QUERY_REASONS = Set.of("URL_DECODING", "NO_NAME");

  /** A percent sign without two hexadecimal digits, or a value without a name. */
  private static final Pattern MALFORMED = Pattern.compile("%(?![0-9A-Fa-f]{2})|(?:^|&)=");

  private final HttpServletRequest request;

  /** The most bytes that the body may have; -1 for any number. */
  private final long limit;

  private @Nullable ServletInputStream in;
  private @Nullable RebuiltBody rebuilt;
  private boolean mayLook;
  private boolean examined;

  /** A byte of the body that was read to see whether there is one; -1 for none. */
  private int first = -1;

  /** Why the first byte could not be read. Whoever reads the body gets this exception. */
  private @Nullable IOException failure;

  /** Bytes of the body that were read. */
  private long taken;

  /** A body of at most {@code limit} bytes; -1 for any number. */
  RequestBody(HttpServletRequest request, long limit) {
    this.request = request;
    this.limit = limit;
  }

  /** The exception for a body that is longer than is allowed. */
  static GatewayException tooLarge(long limit) {
    return new GatewayException(413, "request body must not exceed " + limit + " bytes [max-body]");
  }

  /**
   * From now on, whoever asks for the length makes this class read the first byte of a form. Before
   * this call, a client that has sent only the head of its request can be refused. If the client
   * waits for {@code 100 Continue}, this method does nothing, because the application may refuse
   * the request by its length.
   */
  void mayLook() {
    mayLook = !awaitsContinue();
  }

  /** The length of a body that was made again. Otherwise -1, and the request's own length holds. */
  long rebuiltLength() {
    if (mayLook) {
      examine();
    }
    return rebuilt == null ? -1 : rebuilt.length();
  }

  private void examine() {
    if (examined) {
      return;
    }
    examined = true;
    if (request.getContentLengthLong() == 0 || !RebuiltBody.isPossible(request.getContentType())) {
      return;
    }
    try {
      boolean read = isTaken();
      boolean ofQuery = isOfQuery();
      // Tomcat does not begin to read a form whose length says that it is too large.
      if (isParseFailed() && (read || request.getContentLengthLong() < 0) && !ofQuery) {
        throw readBefore(null);
      }
      if (read) {
        rebuilt = RebuiltBody.of(request);
        // The container tells one failure only. Behind one of the query may be one of the body.
        long told = mayLook && !ofQuery ? -1 : request.getContentLengthLong();
        if (rebuilt != null && told >= 0 && told != rebuilt.length()) {
          throw readBefore(null);
        }
        // The gateway compares a length that the client has sent, before it calls the application.
        boolean unknown = request.getContentLengthLong() < 0;
        if (rebuilt != null && unknown && limit >= 0 && rebuilt.length() > limit) {
          throw tooLarge(limit);
        }
      }
    } catch (RebuiltBody.LostException e) {
      failure = readBefore(e);
    } catch (IOException e) {
      failure = e;
    }
  }

  private boolean isParseFailed() {
    return Boolean.TRUE.equals(request.getAttribute(PARSE_FAILED));
  }

  /** Whether Tomcat could not parse the query, which has nothing to do with the body. */
  private boolean isOfQuery() {
    return isParseFailed()
        && QUERY_REASONS.contains(String.valueOf(request.getAttribute(PARSE_FAILED_REASON)))
        && MALFORMED.matcher(Objects.requireNonNullElse(request.getQueryString(), "")).find();
  }

  private boolean isTaken() throws IOException {
    try {
      byte[] one = new byte[1];
      first = in().isFinished() || read(in(), one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      taken += first < 0 ? 0 : 1;
      return first < 0;
    } catch (IllegalStateException e) {
      // A filter has asked for the reader, or for the stream in a container that gives it only
      // once.
      return true;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    if (length == 0) {
      return 0;
    }
    examine();
    boolean made = rebuilt != null;
    if (failure != null) {
      throw failure;
    }
    if (first >= 0) {
      bytes[offset] = (byte) first;
      first = -1;
      return 1;
    }
    int n;
    try {
      n =
          rebuilt != null
              ? rebuilt.input().read(bytes, offset, length)
              : readSent(bytes, offset, length);
    } catch (UncheckedIOException e) {
      // A filter's own stream throws this, and so does a kept part that cannot be opened.
      throw e.getCause();
    }
    if (n < 0 && !made && isPartMissing()) {
      throw readBefore(null);
    }
    return n;
  }

  /** Whether somebody has read the body before, or a part of it. */
  private boolean isPartMissing() {
    long length = request.getContentLengthLong();
    return taken == 0 ? length > 0 : taken < length && isParseFailed();
  }

  private int readSent(byte[] bytes, int offset, int length) throws IOException {
    ServletInputStream sent;
    try {
      sent = in();
    } catch (IllegalStateException e) {
      throw readBefore(e);
    }
    int n = read(sent, bytes, offset, length);
    taken += Math.max(n, 0);
    if (limit >= 0 && taken > limit) {
      throw tooLarge(limit);
    }
    return n;
  }

  /**
   * Reads from the container. If the client's body is broken, Tomcat answers 400 itself, and shows
   * the exception with its stack if the request has it as an attribute. So this method removes the
   * attribute.
   */
  private int read(ServletInputStream sent, byte[] bytes, int offset, int length)
      throws IOException {
    try {
      return sent.read(bytes, offset, length);
    } catch (IOException e) {
      if (request.getDispatcherType() != DispatcherType.ERROR) {
        request.removeAttribute(RequestDispatcher.ERROR_EXCEPTION);
      }
      throw e;
    }
  }

  /**
   * A 500, because the client is not at fault. The message names the filters, and goes to the log
   * only.
   */
  private GatewayException readBefore(@Nullable Throwable cause) {
    return new GatewayException(
        500,
        "request body must be left to the servlet: something in front of it has read it, by"
            + " getParameter, getPart, getReader or getInputStream"
            + lost(cause)
            + "; filters of this web application: "
            + filters(),
        Headers.of(),
        null,
        cause);
  }

  /** What the container has not kept of a body that it has read. */
  private String lost(@Nullable Throwable cause) {
    if (cause instanceof RebuiltBody.LostException) {
      return ", and the container has lost a part of it: " + cause.getMessage();
    }
    return isParseFailed()
        ? ", and the container has lost a part of it: " + request.getAttribute(PARSE_FAILED_REASON)
        : "";
  }

  private String filters() {
    StringBuilder filters = new StringBuilder();
    try {
      request
          .getServletContext()
          .getFilterRegistrations()
          .forEach(
              (name, filter) ->
                  filters
                      .append(filters.length() == 0 ? "" : ", ")
                      .append(name)
                      .append(" (")
                      .append(filter.getClassName())
                      .append(')'));
    } catch (RuntimeException e) {
      // A context may refuse to name its filters.
      return "unknown";
    }
    return filters.length() == 0 ? "none" : filters.toString();
  }

  @Override
  public int available() throws IOException {
    if (first >= 0) {
      return 1;
    }
    if (rebuilt != null) {
      return rebuilt.input().available();
    }
    return in == null ? 0 : in.available();
  }

  /**
   * Reads what the application has left of the body, up to 2 MiB, so that the connection can be
   * used again. Jetty would close the connection without telling the client, and the client's next
   * request would fail.
   *
   * <p>A client that still waits for {@code 100 Continue} has sent nothing, and this method does
   * not ask it to send now. A client that stalls must not hold a thread. So after {@value
   * #PATIENCE_MILLIS} ms this method leaves the rest to the container. A server that reads the rest
   * by itself sets the request attribute {@value #REST_IS_READ}.
   */
  void drain() {
    if (request.getDispatcherType() != DispatcherType.REQUEST
        || !hasBody()
        || in == null && awaitsContinue()
        || request.getAttribute(REST_IS_READ) != null) {
      return;
    }
    try {
      drain(in());
    } catch (IOException | IllegalStateException e) {
      // The client is gone, or a filter has the body. In both cases there is nothing to save.
    }
  }

  private void drain(ServletInputStream rest) throws IOException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    byte[] block = new byte[16 * 1024];
    for (int left = DRAINED; left > 0 && !isWhole(rest) && System.nanoTime() - end < 0; ) {
      int available = rest.available();
      if (available <= 0) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        if (Thread.currentThread().isInterrupted()) {
          return;
        }
        continue;
      }
      int n = read(rest, block, 0, Math.min(block.length, Math.min(available, left)));
      if (n < 0) {
        return;
      }
      taken += n;
      left -= n;
    }
  }

  private boolean isWhole(ServletInputStream rest) {
    return rest.isFinished() || taken == request.getContentLengthLong();
  }

  /**
   * Whether the head says that there is a body (RFC 9112 6.3). If the head says nothing, an
   * HTTP/1.1 request has no body, and in HTTP/2 nobody needs to read the rest. The container itself
   * knows only after a read.
   */
  private boolean hasBody() {
    return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
  }

  private boolean awaitsContinue() {
    return request.getHeader("Expect") != null;
  }

  /** Does nothing, because the rest of the body and the connection belong to the container. */
  @Override
  public void close() {}

  private ServletInputStream in() throws IOException {
    if (in == null) {
      in = request.getInputStream();
    }
    return in;
  }
}
