package dev.postern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * {@link Body#of(Path)} for a file of {@code /proc}: the kernel gives such a file a size of 0 and
 * makes the bytes when they are read. So the length is unknown, and two readings may differ.
 * Immutable.
 */
final class UnsizedFileBody implements Body {
  /**
   * Most files of /proc are shorter, so that the iterator reads them at once. A multiple of PART.
   */
  private static final int BLOCK = 1024 * 1024;

  private static final int PART = 64 * 1024;

  private final Path file;

  UnsizedFileBody(Path file) {
    this.file = file;
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return new Iterator<>() {
      private long position;
      private @Nullable ByteBuffer block;
      private boolean ended;

      @Override
      public boolean hasNext() {
        if (block == null && !ended) {
          byte[] bytes = read(position);
          position += bytes.length;
          ended = bytes.length < BLOCK;
          block = bytes.length == 0 ? null : ByteBuffer.wrap(bytes);
        }
        return block != null;
      }

      @Override
      public ByteBuffer next() {
        if (!hasNext() || block == null) {
          throw new NoSuchElementException();
        }
        ByteBuffer taken = block;
        block = null;
        return taken;
      }
    };
  }

  private byte[] read(long position) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(PART);
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      channel.position(position);
      while (bytes.size() < BLOCK && channel.read(part) >= 0) {
        bytes.write(part.array(), 0, part.position());
        part.clear();
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw Blocks.unchecked(e);
    }
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    byte[] block = new byte[PART];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        out.write(block, 0, n);
      }
    }
  }

  @Override
  public String toString() {
    return "Body.of(" + file + ")";
  }
}
