package dev.postern.launcher.dev;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiRun;
import dev.postern.launcher.http.OwnMachine;
import dev.postern.web.internal.PassedBody;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows a developer what went wrong, in the place of the fixed text that others get. It does so
 * only for a request from this machine, and only while no part of the response has gone out. A
 * status that an application chose stays. Thread-safe.
 */
public final class ErrorPage implements Application {
  private final Application application;
  private final Supplier<@Nullable CgiRun> runs;

  /**
   * @param runs how the program of this thread's request went; null if there was none
   */
  public ErrorPage(Application application, Supplier<@Nullable CgiRun> runs) {
    this.application = application;
    this.runs = runs;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    if (!OwnMachine.isFrom(environ)) {
      return application.call(environ, startResponse);
    }
    try {
      return new Watched(application.call(environ, startResponse), environ, startResponse);
    } catch (HttpException | InterruptedException e) {
      throw e;
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      return Body.of(start(environ, startResponse, e));
    }
  }

  /** Starts the page's response, and returns the page. */
  private byte[] start(Environ environ, StartResponse startResponse, Throwable error) {
    Failure failure = Failure.of(environ, error, runs.get());
    boolean html = String.valueOf(environ.header("Accept")).contains("text/html");
    Headers own =
        Headers.of(
            "Content-Type",
            html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
            "Cache-Control",
            "no-store",
            "X-Content-Type-Options",
            "nosniff",
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'");
    startResponse.start(failure.status(), own, error);
    environ.errors().println("postern: " + failure.status() + ": " + failure.message());
    return (html ? failure.html() : failure.text()).getBytes(StandardCharsets.UTF_8);
  }

  /** A body that may fail while it is written. */
  private final class Watched extends PassedBody {
    private final Environ environ;
    private final StartResponse startResponse;
    private boolean closed;

    Watched(Body body, Environ environ, StartResponse startResponse) {
      super(body);
      this.environ = environ;
      this.startResponse = startResponse;
    }

    @Override
    public Headers trailers() {
      return closed ? Headers.of() : body.trailers();
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      try {
        body.writeTo(out);
      } catch (GatewayException | RuntimeException e) {
        if (environ.isCancelled()) {
          throw e;
        }
        // A program's standard error is complete only when the program has ended, so close the body
        // first.
        close();
        out.write(start(environ, startResponse, e));
      }
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        body.close();
      }
    }
  }
}
