package dev.postern.servlet;

import dev.postern.Application;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import dev.postern.StartResponse;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A response of a container. This sink has no buffer of its own. It leaves the framing to the
 * container, except for what {@link Cutting} does.
 */
final class ServletSink implements ResponseSink {
  private final HttpServletRequest request;
  private final HttpServletResponse response;

  /**
   * Whether this is a part of another servlet's response. Such a part has no headers and does not
   * end the response.
   */
  private final boolean included;

  /**
   * A header that {@link #marked} adds. A head without it is that of the engine's own error page.
   */
  private static final String MARK = "Postern-Included";

  /** A larger head may be refused: Tomcat and Jetty take 8 KiB by default. */
  private static final int LARGE = 4 * 1024;

  private static final byte[] NONE = {};

  private @Nullable ServletOutputStream out;
  private boolean started;

  /** Chars of the head's names and values. */
  private int headSize;

  /**
   * Whether a head was refused before this one. Tomcat then still cuts the body to the length in
   * the refused head. So this response has no body.
   */
  private boolean again;

  /** Whether there is no body, and no Content-Length that says so. */
  private boolean headOnly;

  /**
   * The array to which blocks outside the heap are copied, for a container that takes only arrays.
   */
  private byte[] copied = NONE;

  private Map<String, String> trailers = Map.of();
  private @Nullable IOException failure;
  private @Nullable IOException cut;

  /**
   * Whether this is the engine's error page for an included application that has failed. It would
   * stand in the middle of a page with status 200, so it is dropped.
   */
  private boolean dropping;

  ServletSink(HttpServletRequest request, HttpServletResponse response) {
    this.request = request;
    this.response = response;
    this.included = request.getDispatcherType() == DispatcherType.INCLUDE;
  }

  /**
   * What to throw at the container, so that it cuts the response; null when the response is whole.
   */
  @Nullable IOException cut() {
    return cut;
  }

  /** Whether a write has failed, because the client does not take the response any more. */
  boolean isRefused() {
    return failure != null;
  }

  /** The application. If it is included, this sink can tell its head from one of the engine. */
  Application marked(Application application) {
    return included
        ? (environ, startResponse) -> application.call(environ, new MarkedStart(startResponse))
        : application;
  }

  private record MarkedStart(StartResponse inner) implements StartResponse {
    @Override
    public void start(int status, Headers headers, @Nullable Throwable error) {
      inner.start(status, headers.with(MARK, "1"), error);
    }

    @Override
    public void earlyHints(Headers headers) throws IOException {
      inner.earlyHints(headers);
    }
  }

  /** Called after the exchange. The including servlet gets an exception for a dropped page. */
  void endIncluded(Throwable failure) {
    if (dropping) {
      cut = new CutResponseException(failure);
    }
  }

  @Override
  public void head(int status, Headers headers) {
    started = true;
    if (included) {
      dropping = !headers.contains(MARK);
      return;
    }
    response.setStatus(status == HttpServletResponse.SC_OK ? statusOfError(request) : status);
    int replaced = 0;
    for (Map.Entry<String, String> field : headers) {
      String name = field.getKey();
      headSize += name.length() + field.getValue().length();
      int single = SingleFields.bit(name);
      if (name.equalsIgnoreCase("Content-Length")) {
        response.setContentLengthLong(again ? 0 : Long.parseLong(field.getValue()));
      } else if ((single & ~replaced) != 0) {
        response.setHeader(name, field.getValue());
      } else {
        // A filter's cookies, its Vary, and the container's session cookie stay.
        response.addHeader(name, field.getValue());
      }
      replaced |= single;
    }
    String type = headers.get("Content-Type");
    if (type != null) {
      keepContentType(type);
      if (!isPlain(type)) {
        request.setAttribute(ServletGateway.CONTENT_TYPE, type);
      }
    }
    if (headers.contains("Content-Length")) {
      return;
    }
    headOnly = request.getMethod().equals("HEAD") || status == 204 || status == 304;
    if (!headOnly) {
      Cutting.prepare(request, response, this::trailersOrCut);
    }
  }

  private Map<String, String> trailersOrCut() {
    if (cut != null) {
      throw new IllegalStateException("response must not end in order: it was cut");
    }
    return trailers;
  }

  @Override
  public boolean takesTrailers() {
    return !included && Cutting.isPossible(request, response);
  }

  /** Joins values of one name, because a container takes one value for each name (RFC 9110 5.3). */
  @Override
  public void trailers(Headers fields) {
    Map<String, String> joined = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    for (Map.Entry<String, String> field : fields) {
      joined.merge(field.getKey(), field.getValue(), (one, next) -> one + ", " + next);
    }
    trailers = joined;
  }

  @Override
  public void earlyHints(Headers hints) throws IOException {
    try {
      EarlyHints.send(request, response, hints);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * The status for a response that was started with 200. If this request is for an error page, the
   * status is that of the error, because a good page does not make a 404 a success.
   */
  private static int statusOfError(HttpServletRequest request) {
    return request.getDispatcherType() == DispatcherType.ERROR
            && request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer status
        ? status
        : HttpServletResponse.SC_OK;
  }

  /**
   * Removes a charset that the application has not named. Jetty gives one to some media types, so
   * that {@code text/plain} would be ISO-8859-1 for the client, whatever its bytes are.
   */
  private void keepContentType(String type) {
    String set = response.getContentType();
    if (set != null && hasCharset(set) && !hasCharset(type)) {
      response.setCharacterEncoding(null);
    }
  }

  /** Whether no container has another form for this type. */
  private static boolean isPlain(String type) {
    for (int i = 0; i < type.length(); i++) {
      char c = type.charAt(i);
      if (c == ';' || c == ' ' || c >= 'A' && c <= 'Z') {
        return false;
      }
    }
    return true;
  }

  private static boolean hasCharset(String type) {
    return type.indexOf(';') >= 0 && type.toLowerCase(Locale.ROOT).contains("charset=");
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    if (again || dropping) {
      return;
    }
    try {
      flushLargeHead();
      out().write(bytes, offset, length);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * False behind a filter that wraps the response. The stream of a wrapper has the API's own {@code
   * write(ByteBuffer)} as a rule. This method copies the block to an array of its own, and throws
   * an exception if the wrapper's {@code isReady} is false.
   */
  @Override
  public boolean isDirect() {
    return DirectWrites.areSupported() && !(response instanceof ServletResponseWrapper);
  }

  @Override
  public void write(ByteBuffer block) throws IOException {
    if (again || dropping) {
      return;
    }
    if (!isDirect()) {
      copy(block);
      return;
    }
    try {
      flushLargeHead();
      DirectWrites.write(out(), block);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /** Uses one array for the whole response, because a long response has thousands of blocks. */
  private void copy(ByteBuffer block) throws IOException {
    int size = block.remaining();
    if (copied.length < size) {
      copied = new byte[size];
    }
    block.get(copied, 0, size);
    write(copied, 0, size);
  }

  @Override
  public void flush() throws IOException {
    try {
      out().flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  /**
   * If a container cannot send a head, for example because the head is larger than its buffer, it
   * says so when the response is committed. It can then take another head.
   */
  @Override
  public boolean reset() {
    if (included || response.isCommitted()) {
      return false;
    }
    response.reset();
    started = false;
    headOnly = false;
    headSize = 0;
    again = true;
    out = null;
    return true;
  }

  /**
   * Sends a large head before anything else, because a container that refuses it can then take
   * another one. Later it cannot: Tomcat takes no other head after as many bytes as the
   * Content-Length says were written, and no container takes one after its stream was closed.
   */
  private void flushLargeHead() throws IOException {
    if (headSize > LARGE) {
      headSize = 0;
      out().flush();
    }
  }

  /**
   * Closes the stream, so that the last chunk goes out now and not when the servlet returns. A head
   * without a body is flushed before, because Jetty and Undertow would otherwise send a
   * Content-Length of 0 with it.
   */
  @Override
  public void finish() throws IOException {
    try {
      flushLargeHead();
      if (headOnly) {
        out().flush();
      }
      if (!included) {
        out().close();
      }
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void abort(Throwable cause) {
    if (failure != null) {
      cut = failure;
    } else if (included || started) {
      cut = new CutResponseException(cause);
      commit();
    } else {
      refuse();
    }
  }

  /**
   * Sends the head. Otherwise the container would answer with a page of its own that shows the
   * error.
   */
  private void commit() {
    try {
      if (!included) {
        response.flushBuffer();
      }
    } catch (IOException | RuntimeException e) {
      // The client is gone, so there is nothing left to cut.
    }
  }

  /** Answers 503 without a body, because the exchange ended before there was a response. */
  private void refuse() {
    try {
      response.reset();
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      response.setContentLengthLong(0);
      response.flushBuffer();
    } catch (IOException | RuntimeException e) {
      cut = new CutResponseException(e);
    }
  }

  private ServletOutputStream out() throws IOException {
    if (out == null) {
      out = response.getOutputStream();
    }
    return out;
  }

  /**
   * Notes a failed write. Jetty also throws an IOException if it cannot send a head. Its cause is
   * then a RuntimeException, which this method throws instead.
   */
  private IOException failed(IOException e) {
    failure = e;
    if (e.getCause() instanceof RuntimeException refused) {
      throw refused;
    }
    return e;
  }
}
