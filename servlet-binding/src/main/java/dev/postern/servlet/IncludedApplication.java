package dev.postern.servlet;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An application whose response becomes a part of another servlet's page. If the application fails,
 * the engine writes an error page, which would stand in the middle of a page with status 200. So
 * this class tells the sink of the failure before the engine gets the exception.
 */
final class IncludedApplication implements Application {
  private final Application application;
  private final Consumer<Throwable> failed;

  IncludedApplication(Application application, Consumer<Throwable> failed) {
    this.application = application;
    this.failed = failed;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    Start start = new Start(startResponse);
    try {
      Body body = application.call(environ, start);
      if (body == null || !start.started) {
        failed.accept(new IllegalStateException("application must start and return a body"));
        return body;
      }
      return new IncludedBody(body);
    } catch (Throwable e) {
      failed.accept(e);
      throw e;
    }
  }

  private static final class Start implements StartResponse {
    private final StartResponse inner;
    private boolean started;

    private Start(StartResponse inner) {
      this.inner = inner;
    }

    @Override
    public void start(int status, Headers headers, @Nullable Throwable error) {
      inner.start(status, headers, error);
      started = true;
    }
  }

  private final class IncludedBody implements Body {
    private final Body body;

    private IncludedBody(Body body) {
      this.body = body;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      return body.iterator();
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      try {
        body.writeTo(out);
      } catch (Throwable e) {
        failed.accept(e);
        throw e;
      }
    }

    @Override
    public long length() {
      return body.length();
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }
}
