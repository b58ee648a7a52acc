package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.web.internal.HeldStart;
import dev.postern.web.internal.Wrapped;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers errors with your own pages: exceptions of the application while nothing was sent, and
 * responses of status 400 to 599 without a body. The message of an exception goes to {@code
 * postern.errors}, and never to the client.
 *
 * <p>For an {@link HttpException} or a {@link GatewayException}, also as the cause of another
 * exception, the response has the status and the headers of that exception. If the request body was
 * short or broken, the status is 400. For every other exception it is 500.
 *
 * <p>Thread-safe, as far as the pages are.
 */
public final class ErrorPages implements Middleware {
  private final Page page;

  private ErrorPages(Page page) {
    this.page = page;
  }

  /** Makes the page for an error. */
  @FunctionalInterface
  public interface Page {
    /**
     * The page; null leaves the error to the gateway. The page's own status does not count.
     *
     * @param status 400 to 599
     */
    @Nullable Response page(Environ environ, int status) throws Exception;
  }

  /** Asks {@code page} for a page for each error, on the request's thread. */
  public static ErrorPages of(Page page) {
    return new ErrorPages(requireNonNull(page, "page"));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "ErrorPages", this::call);
  }

  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    Environ watched = environ.copy();
    Input input = new Input(environ.input());
    watched.put("postern.input", input);
    HeldStart held = new HeldStart(startResponse);
    Body body;
    try {
      body = application.call(watched, held);
    } catch (Exception e) {
      Response shown = shown(environ, e, input);
      if (shown == null) {
        throw e;
      }
      try {
        startResponse.start(shown.status(), shown.headers(), e);
      } catch (Throwable refused) {
        Wrapped.abandon(shown.body(), refused);
        throw refused;
      }
      return shown.body();
    }
    if (body == null || !held.isStarted()) {
      held.release();
      return body;
    }
    Body sent = body;
    try {
      if (held.status() >= 400 && body.length() == 0) {
        Response own = page.page(environ, held.status());
        if (own != null) {
          sent = own.body().onClose(body);
          held.release(held.status(), merged(own.headers(), held.headers()), null);
          return sent;
        }
      }
      held.release();
      return new Guarded(body, environ, startResponse, input);
    } catch (Throwable e) {
      Wrapped.abandon(sent, e);
      throw e;
    }
  }

  private @Nullable Response shown(Environ environ, Exception error, Input input) throws Exception {
    int status = 500;
    Headers headers = Headers.of();
    Throwable cause = error;
    for (int depth = 0; cause != null && depth < 50 && status == 500; depth++) {
      if (cause instanceof HttpException http) {
        status = http.status();
        headers = http.headers();
        break;
      }
      if (cause instanceof GatewayException gateway) {
        status = gateway.status();
        headers = gateway.headers();
        break;
      }
      cause = cause.getCause();
    }
    if (cause == null && input.failed && !(error instanceof RuntimeException)) {
      status = 400;
    }
    Response own = page.page(environ, status);
    if (own == null) {
      return null;
    }
    if (status < 500) {
      String message = error.getMessage() == null ? error.toString() : error.getMessage();
      environ.errors().println(Escapes.oneLine(message));
    } else {
      error.printStackTrace(environ.errors());
    }
    return Response.of(status, merged(own.headers(), headers), own.body());
  }

  /** The headers of the page, and others that belong to the status, such as {@code Allow}. */
  private static Headers merged(Headers own, Headers more) {
    Headers merged = own.without("Content-Length");
    for (Map.Entry<String, String> field : more) {
      if (!own.contains(field.getKey()) && !field.getKey().equalsIgnoreCase("Content-Length")) {
        merged = merged.plus(field.getKey(), field.getValue());
      }
    }
    return merged;
  }

  /** Remembers whether the client's body has failed, because not every exception says so. */
  private static final class Input extends FilterInputStream {
    private boolean failed;

    Input(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return in.read();
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return in.read(bytes, offset, length);
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }
  }

  /** A body whose failure becomes a page while nothing was sent. */
  private final class Guarded implements Body {
    private final Body body;
    private final Environ environ;
    private final StartResponse start;
    private final Input input;
    private @Nullable Body own;

    Guarded(Body body, Environ environ, StartResponse start, Input input) {
      this.body = body;
      this.environ = environ;
      this.start = start;
      this.input = input;
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      try {
        body.writeTo(out);
      } catch (Exception e) {
        if (environ.isCancelled()) {
          throw e;
        }
        Response shown = shown(environ, e, input);
        if (shown == null) {
          throw e;
        }
        own = shown.body();
        // This throws e itself when something was sent.
        start.start(shown.status(), shown.headers(), e);
        own.writeTo(out);
      }
    }

    /** A middleware around this one that pulls the blocks sees the failure itself, and no page. */
    @Override
    public Iterator<ByteBuffer> iterator() {
      return body.iterator();
    }

    @Override
    public long length() {
      return body.length();
    }

    @Override
    public Headers trailers() {
      return own == null ? body.trailers() : Headers.of();
    }

    @Override
    public void close() throws IOException {
      try (body) {
        if (own != null) {
          own.close();
        }
      }
    }
  }

  @Override
  public String toString() {
    return "ErrorPages";
  }
}
