package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.StartResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Iterator;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Compresses responses for clients that ask for it, and keeps what is streamed streaming. */
final class Gzip {
  private Gzip() {}

  static Application overResponse(Application application) {
    return Application.of(
        environ -> {
          Response response = Response.from(application, environ);
          if (!wants(environ, response.status(), response.headers())) {
            return response;
          }
          return response
              .withHeaders(zipped(response.headers()))
              .withBody(
                  Body.writing(
                      out -> {
                        try (GZIPOutputStream gzip = new GZIPOutputStream(out, true)) {
                          response.body().writeTo(gzip);
                        }
                      }));
        });
  }

  /** The same with nothing but what PEP 3333 has: a wrapped start and a wrapped iterator. */
  static Application overStart(Application application) {
    return (environ, start) -> {
      Choice choice = new Choice(environ, start);
      Body body = application.call(environ, choice);
      return choice.zips ? new ZippedBody(body) : body;
    };
  }

  private static final class Choice implements StartResponse {
    private final Environ environ;
    private final StartResponse start;
    private boolean zips;

    Choice(Environ environ, StartResponse start) {
      this.environ = environ;
      this.start = start;
    }

    @Override
    public void start(int status, Headers headers, @Nullable Throwable error) {
      zips = wants(environ, status, headers);
      start.start(status, zips ? zipped(headers) : headers, error);
    }
  }

  private static final class ZippedBody implements Body {
    private final Body body;

    ZippedBody(Body body) {
      this.body = body;
    }

    @Override
    public Iterator<ByteBuffer> iterator() {
      Iterator<ByteBuffer> blocks = body.iterator();
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      return new Iterator<>() {
        private GZIPOutputStream gzip;
        private boolean finished;

        @Override
        public boolean hasNext() {
          return !finished;
        }

        /** A block for each block, an empty one for an empty one, and one for the end. */
        @Override
        public ByteBuffer next() {
          try {
            if (gzip == null) {
              gzip = new GZIPOutputStream(bytes, true);
            }
            if (blocks.hasNext()) {
              ByteBuffer block = blocks.next();
              if (!block.hasRemaining()) {
                return block;
              }
              Channels.newChannel(gzip).write(block);
              gzip.flush();
            } else {
              gzip.close();
              finished = true;
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          ByteBuffer zipped = ByteBuffer.wrap(bytes.toByteArray());
          bytes.reset();
          return zipped;
        }
      };
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  private static boolean wants(Environ environ, int status, Headers headers) {
    String accepted = environ.header("Accept-Encoding");
    return accepted != null
        && accepted.matches("(.*,)?\\s*gzip\\s*(,.*)?")
        && status != 204
        && status != 206
        && status != 304
        && !headers.contains("Content-Encoding");
  }

  private static Headers zipped(Headers headers) {
    Headers zipped =
        headers
            .without("Content-Length")
            .with("Content-Encoding", "gzip")
            .plus("Vary", "Accept-Encoding");
    String tag = headers.get("ETag");
    return tag == null || tag.startsWith("W/") ? zipped : zipped.with("ETag", "W/" + tag);
  }
}
