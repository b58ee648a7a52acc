package dev.postern.servlet;

import dev.postern.Headers;
import dev.postern.ResponseSink;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A response of a container. Has no buffer of its own, and leaves framing to the container, but for
 * what {@link Cutting} does to it.
 */
final class ServletSink implements ResponseSink {
  private final HttpServletRequest request;
  private final HttpServletResponse response;

  /** Part of another servlet's response, which neither takes headers nor ends here. */
  private final boolean included;

  /** A head that some container may refuse: Tomcat and Jetty take 8 KiB by default. */
  private static final int LARGE = 4 * 1024;

  private static final byte[] NONE = {};

  private @Nullable ServletOutputStream out;
  private boolean started;

  /** Chars of the head's names and values. */
  private int headSize;

  /**
   * A head was refused before this one. Tomcat then still cuts the body to the refused one's
   * length, so that this response has none.
   */
  private boolean again;

  /** There is no body, and no Content-Length to say so. */
  private boolean headOnly;

  /** What blocks outside the heap are copied to, for a container that takes arrays alone. */
  private byte[] copied = NONE;

  private Map<String, String> trailers = Map.of();
  private @Nullable IOException failure;
  private @Nullable IOException cut;

  /** An included application has failed: what follows is the engine's error page. */
  private boolean dropping;

  ServletSink(HttpServletRequest request, HttpServletResponse response) {
    this.request = request;
    this.response = response;
    this.included = request.getDispatcherType() == DispatcherType.INCLUDE;
  }

  /** What to throw at the container, so that it cuts the response off; null when it is whole. */
  @Nullable IOException cut() {
    return cut;
  }

  /** Whether the client, or who took its place, does not take the response any more. */
  boolean isRefused() {
    return failure != null;
  }

  boolean isIncluded() {
    return included;
  }

  /** The included application has failed, which the including servlet has to hear. */
  void dropIncluded(Throwable cause) {
    dropping = true;
    cut = new CutResponseException(cause);
  }

  @Override
  public void head(int status, Headers headers) {
    started = true;
    if (included) {
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
        // A filter's cookies, its Vary, the container's session stay.
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

  /** A container has one value for each name (RFC 9110 5.3). */
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
   * The status that the container has given the request which this error page is for, when the
   * request is such a one: a page that is fine in itself does not make a 404 a success. Else 200.
   */
  private static int statusOfError(HttpServletRequest request) {
    return request.getDispatcherType() == DispatcherType.ERROR
            && request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer status
        ? status
        : HttpServletResponse.SC_OK;
  }

  /**
   * Jetty gives some media types a charset that the application has not named: {@code text/plain}
   * would be ISO-8859-1 to the client, whatever its bytes are.
   */
  private void keepContentType(String type) {
    String set = response.getContentType();
    if (set != null && hasCharset(set) && !hasCharset(type)) {
      response.setCharacterEncoding(null);
    }
  }

  /** No container has another form for it. */
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

  @Override
  public boolean isDirect() {
    return DirectWrites.areSupported();
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

  /** By one array for the whole response, as a long one has thousands of blocks. */
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
   * A container that cannot send a head, such as one that is larger than its buffer, says so when
   * the response is committed, and can take another head then.
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
   * Sends a large head before anything else: a container that refuses it can then take another one.
   * Tomcat takes none when the bytes of the Content-Length were written, nor any container when its
   * stream was closed.
   */
  private void flushLargeHead() throws IOException {
    if (headSize > LARGE) {
      headSize = 0;
      out().flush();
    }
  }

  /**
   * Closes the stream: the last chunk goes out now and not when the servlet returns. A head alone
   * is flushed before, since Jetty and Undertow would send the length of what was written with it:
   * 0.
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

  /** Else the container would answer in our place, with a page of its own that shows the error. */
  private void commit() {
    try {
      if (!included) {
        response.flushBuffer();
      }
    } catch (IOException | RuntimeException e) {
      // The client is gone: there is nothing left to cut.
    }
  }

  /** Cancelled before there was a response: the client learns that, and nothing else. */
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

  /** Jetty throws an IOException, too, where it cannot send a head, and says so by its cause. */
  private IOException failed(IOException e) {
    failure = e;
    if (e.getCause() instanceof RuntimeException refused) {
      throw refused;
    }
    return e;
  }
}
