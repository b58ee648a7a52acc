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
      this.in = in;
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
          Source source = new Source(in);
          stream = gzip ? new Members(source) : new InflaterInputStream(source);
          inflater = stream;
        }
        int n = stream.read(bytes, offset, length);
        if (n < 0 && stream instanceof Members members && !members.isAtEnd()) {
          throw new ZipException("bytes after the last member must be another one");
        }
        return n;
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

  /**
   * One or more members, one after the other (RFC 1952 2.2). A gzip stream of the JDK passes over
   * what follows a member and is none, so this compares where the last member ended.
   */
  private static final class Members extends GZIPInputStream {
    private static final int TRAILER = 8;

    private final Source source;

    /** How many bytes the inflater has got, in all members. */
    private long filled;

    Members(Source source) throws IOException {
      super(source);
      this.source = source;
    }

    @Override
    protected void fill() throws IOException {
      super.fill();
      filled = source.count;
    }

    /** Whether the input ended with the last member. Called when that member was read. */
    boolean isAtEnd() throws IOException {
      return source.count == filled - inf.getRemaining() + TRAILER && source.read() < 0;
    }
  }

  /**
   * The gateway's input, which the gateway closes by itself. Up to JDK 24, a gzip stream takes
   * {@code available() == 0} at the end of a member for the end of the input. But the next member
   * may only be on its way, so this waits for its first byte.
   */
  private static final class Source extends FilterInputStream {
    private static final int NONE = -2;

    private int ahead = NONE;
    private long count;

    Source(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int b = ahead == NONE ? in.read() : ahead;
      ahead = b < 0 ? b : NONE;
      count += b < 0 ? 0 : 1;
      return b;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (ahead != NONE) {
        int b = read();
        bytes[offset] = (byte) b;
        return b < 0 ? -1 : 1;
      }
      int n = in.read(bytes, offset, length);
      count += Math.max(0, n);
      return n;
    }

    @Override
    public int available() throws IOException {
      if (ahead == NONE) {
        ahead = in.read();
      }
      return ahead < 0 ? 0 : 1;
    }

    @Override
    public void close() {}
  }

  @Override
  public String toString() {
    return "Gunzip.of(" + limit + ")";
  }
}
