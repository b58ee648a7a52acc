package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Iterator;

/** A page of one's own where an application fails. */
final class ErrorPages {
  private static final Headers HTML = Headers.of("Content-Type", "text/html; charset=utf-8");
  private static final Body PAGE = Body.of("<h1>We are sorry</h1>\n");

  private ErrorPages() {}

  /** Sees what {@code call} throws. A body that fails later gets the gateway's page. */
  static Application overResponse(Application application) {
    return Application.of(
        environ -> {
          try {
            return Response.from(application, environ);
          } catch (Exception e) {
            e.printStackTrace(environ.errors());
            return Response.of(500, HTML, PAGE);
          }
        });
  }

  /**
   * Sees also what the body throws while it is written, as long as nothing was sent. A middleware
   * around this one that pulls the iterator sees the error itself.
   */
  static Application overStart(Application application) {
    return (environ, start) -> {
      Body body;
      try {
        body = application.call(environ, start);
      } catch (Exception e) {
        e.printStackTrace(environ.errors());
        start.start(500, HTML, e);
        return PAGE;
      }
      return new Body() {
        @Override
        public void writeTo(OutputStream out) throws Exception {
          try {
            body.writeTo(out);
          } catch (Exception e) {
            e.printStackTrace(environ.errors());
            start.start(500, HTML, e); // throws e when something was sent
            PAGE.writeTo(out);
          }
        }

        @Override
        public Iterator<ByteBuffer> iterator() {
          return body.iterator();
        }

        @Override
        public long length() {
          return body.length();
        }

        @Override
        public void close() throws IOException {
          body.close();
        }
      };
    };
  }
}
