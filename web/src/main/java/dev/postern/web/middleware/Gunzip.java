package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Middleware;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.Wrapped;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses request bodies with {@code Content-Encoding: gzip} or {@code deflate}, up to a
 * limit, because one byte of gzip can stand for a thousand. The application sees a body of unknown
 * length, and no {@code Content-Encoding}.
 *
 * <p>Another coding gets a 415 with {@code Accept-Encoding}, a malformed body a 400, and a body
 * over the limit a 413.
 *
 * <p>Immutable, thread-safe.
 */
public final class Gunzip implements Middleware {
  private final long limit;

  private Gunzip(long limit) {
    if (limit < 0) {
      throw new IllegalArgumentException("limit must not be negative: " + limit);
    }
    this.limit = limit;
  }

  /**
   * Decompresses bodies.
   *
   * @param limit how many bytes the decompressed body may have
   */
  public static Gunzip of(long limit) {
    return new Gunzip(limit);
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "Gunzip",
        (inner, environ, startResponse) -> {
          String coding = environ.header("Content-Encoding");
          String lower = coding == null ? "identity" : Text.lower(Text.trimmed(coding));
          if (lower.equals("identity") || lower.isEmpty()) {
            return inner.call(environ, startResponse);
          }
          boolean gzip = lower.equals("gzip") || lower.equals("x-gzip");
          if (!gzip && !lower.equals("deflate")) {
            throw new HttpException(
                415,
                "Content-Encoding must be gzip or deflate: " + Escapes.quote(lower),
                Headers.of("Accept-Encoding", "gzip, deflate"));
          }
          Environ copy = environ.copy();
          copy.remove("HTTP_CONTENT_ENCODING");
          copy.remove("CONTENT_LENGTH");
          Inflated inflated = new Inflated(environ.input(), gzip);
          environ.onFinish(outcome -> inflated.end());
          copy.put("postern.input", MaxBody.limited(inflated, limit));
          return inner.call(copy, startResponse);
        });
  }

  /**
   * Makes the gzip stream at the first read, because a gzip stream reads its head when it is made.
   */
  private static final class Inflated extends InputStream {
    private final InputStream in;
    private final boolean gzip;
    private volatile @Nullable InputStream inflater;

    Inflated(InputStream in, boolean gzip) {
      // The gateway closes its input by itself.
      this.in =
          new FilterInputStream(in) {
            @Override
            public void close() {}
          };
      this.gzip = gzip;
    }

    /** Frees the memory of the inflater, which is outside the heap. */
    void end() {
      try {
        InputStream stream = inflater;
        if (stream != null) {
          stream.close();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        InputStream stream = inflater;
        if (stream == null) {
          stream = gzip ? new GZIPInputStream(in) : new InflaterInputStream(in);
          inflater = stream;
        }
        return stream.read(bytes, offset, length);
      } catch (ZipException e) {
        throw new HttpException(400, "request body must be well-formed gzip or deflate");
      } catch (EOFException e) {
        if (e.getClass() == EOFException.class) {
          throw new HttpException(400, "request body must be whole gzip or deflate");
        }
        throw e;
      }
    }
  }

  @Override
  public String toString() {
    return "Gunzip.of(" + limit + ")";
  }
}
