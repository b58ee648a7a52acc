package dev.postern.web.middleware;

import dev.postern.Body;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** A body in gzip, block by block and flush by flush. For one use. */
final class GzipBody implements Body {
  private final Body body;
  private final int level;
  private @Nullable Zip zip;
  private boolean passing;

  GzipBody(Body body, int level) {
    this.body = body;
    this.level = level;
  }

  /**
   * A gzip stream that can give the deflater's memory back without writing its end, for a response
   * that is not completed.
   */
  private static final class Zip extends GZIPOutputStream {
    Zip(OutputStream out, int level) throws IOException {
      super(out, 8192, true);
      def.setLevel(level);
    }

    void abandon() {
      def.end();
    }
  }

  /**
   * Drops the gzip so far. When a response was replaced, its bytes are dropped, and the gzip starts
   * anew.
   */
  void restart() {
    if (zip != null) {
      zip.abandon();
      zip = null;
    }
  }

  /**
   * Sets whether bytes from now on go out as they are. A response that replaces another one may
   * have a coding of its own.
   */
  void passes(boolean newPassing) {
    passing = newPassing;
  }

  private Zip zip(OutputStream out) throws IOException {
    Zip known = zip;
    if (known == null) {
      known = new Zip(out, level);
      zip = known;
    }
    return known;
  }

  @Override
  public void writeTo(OutputStream out) throws Exception {
    body.writeTo(new Zipping(out));
    if (!passing) {
      zip(out).finish();
      restart();
    }
  }

  private final class Zipping extends OutputStream {
    private final OutputStream out;

    Zipping(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      target().write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      target().write(bytes, offset, length);
    }

    private OutputStream target() throws IOException {
      return passing ? out : zip(out);
    }

    @Override
    public void flush() throws IOException {
      if (zip == null) {
        out.flush();
      } else {
        zip.flush();
      }
    }
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    Iterator<ByteBuffer> blocks = body.iterator();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    return new Iterator<>() {
      private boolean finished;

      @Override
      public boolean hasNext() {
        return !finished;
      }

      // Gives a block for each block, an empty block for an empty one, and one block for the end.
      @Override
      public ByteBuffer next() {
        if (finished) {
          throw new NoSuchElementException();
        }
        try {
          if (blocks.hasNext()) {
            ByteBuffer block = blocks.next();
            if (passing || !block.hasRemaining()) {
              return block;
            }
            Channels.newChannel(zip(bytes)).write(block);
            zip(bytes).flush();
          } else {
            finished = true;
            if (!passing) {
              zip(bytes).finish();
            }
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
    restart();
    body.close();
  }

  static int checkedLevel(int level) {
    if (level < Deflater.BEST_SPEED || level > Deflater.BEST_COMPRESSION) {
      throw new IllegalArgumentException("level must be 1 to 9: " + level);
    }
    return level;
  }
}
