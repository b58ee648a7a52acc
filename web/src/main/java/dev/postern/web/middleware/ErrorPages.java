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
import dev.postern.internal.Causes;
import dev.postern.internal.Escapes;
import dev.postern.internal.FieldNames;
import dev.postern.web.Responses;
import dev.postern.web.internal.HeldStart;
import dev.postern.web.internal.PassedBody;
import dev.postern.web.internal.ThrownAnswer;
import dev.postern.web.internal.Wrapped;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers errors with your own pages: exceptions of the application while nothing was sent, and
 * responses of status 400 to 599 that have no body, or only the text of {@link Responses#status},
 * such as the 404 of a router. The message of an exception goes to {@code postern.errors}, and
 * never to the client.
 *
 * <p>For an {@link HttpException} or a {@link GatewayException}, also as the cause of another
 * exception, the response has the status and the headers of that exception. If the request body was
 * short or broken, the status is 400, or 408 if the body came too late. For every other exception
 * it is 500.
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
     * <p>The environ is that of the request, but as a GET, so that {@link
     * dev.postern.web.Files#respond} can be the page for every request. A HEAD stays one. {@code
     * REDIRECT_REQUEST_METHOD} has the method of the request. {@code Range} and the conditions such
     * as {@code If-None-Match} are left out, because these were about another resource.
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
    return answer(environ, startResponse, held, body, input);
  }

  /** The body of a response that the application has started: its own one, or a page. */
  private Body answer(
      Environ environ, StartResponse startResponse, HeldStart held, Body body, Input input)
      throws Exception {
    Body sent = body;
    try {
      boolean bare = body.length() == 0;
      if (mayBePlain(held, body)) {
        byte[] text = held.read(body);
        bare = isPlain(held, text);
        sent = Body.of(text).onClose(body);
      }
      Response own = bare && held.status() >= 400 ? page(environ, held.status()) : null;
      if (own != null) {
        sent = own.body().onClose(sent);
        held.release(held.status(), merged(own.headers(), held.headers()), null);
        return sent;
      }
      held.release();
      return new Guarded(sent, environ, startResponse, input);
    } catch (Throwable e) {
      Wrapped.abandon(sent, e);
      throw e;
    }
  }

  /**
   * Whether the body can be the text of {@link Responses#status}. Another middleware may have
   * wrapped the body, so only its bytes can tell.
   */
  private static boolean mayBePlain(HeldStart held, Body body) {
    if (held.status() < 400) {
      return false;
    }
    Response plain = Responses.status(held.status());
    return body.length() == plain.body().length()
        && plain.headers().all("Content-Type").equals(held.headers().all("Content-Type"));
  }

  private static boolean isPlain(HeldStart held, byte[] text) {
    Body plain = Responses.status(held.status()).body();
    return ByteBuffer.wrap(text).equals(plain.iterator().next());
  }

  private @Nullable Response shown(Environ environ, Exception error, Input input) throws Exception {
    ThrownAnswer answer = ThrownAnswer.in(error);
    int status = answer == null ? input.status(error) : answer.status();
    Headers headers = answer == null ? Headers.of() : answer.headers();
    Response own = page(environ, status);
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

  private @Nullable Response page(Environ environ, int status) throws Exception {
    Environ asked = environ.copy();
    for (String name : environ.keySet()) {
      if (FieldNames.isForTheWhole(name, false)) {
        asked.remove(name);
      }
    }
    asked.put("REDIRECT_REQUEST_METHOD", environ.method());
    if (!environ.method().equals("HEAD")) {
      asked.put("REQUEST_METHOD", "GET");
    }
    return page.page(asked, status);
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

  /** Remembers how the client's body has failed, because not every exception says so. */
  private static final class Input extends FilterInputStream {
    private @Nullable IOException failure;

    Input(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return in.read();
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return in.read(bytes, offset, length);
      } catch (IOException e) {
        throw failed(e);
      }
    }

    /** An interrupt is not the client's fault. */
    private IOException failed(IOException e) {
      if (!(e instanceof InterruptedIOException)) {
        failure = e;
      }
      return e;
    }

    /** The status for an exception that says none, as the gateway would choose it. */
    int status(Exception error) {
      if (failure == null || !isReaders(error)) {
        return 500;
      }
      ThrownAnswer answer = ThrownAnswer.in(failure);
      return answer == null ? 400 : answer.status();
    }

    /**
     * Whether a reader of the body may have thrown this. Its exceptions are checked ones, and some
     * parsers leave out the cause. Others are taken for bugs of the application.
     */
    private static boolean isReaders(Exception error) {
      return Causes.first(
              error,
              cause ->
                  !(cause instanceof RuntimeException
                      || cause instanceof Error
                      || cause instanceof InterruptedException))
          != null;
    }
  }

  /**
   * A body whose failure becomes a page while nothing was sent. A middleware around this one that
   * pulls the blocks sees the failure itself, and no page.
   */
  private final class Guarded extends PassedBody {
    private final Environ environ;
    private final StartResponse start;
    private final Input input;
    private @Nullable Body own;

    Guarded(Body body, Environ environ, StartResponse start, Input input) {
      super(body);
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
