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
    return new BlockIterator() {
      private long position;
      private boolean last;

      @Override
      @Nullable ByteBuffer read() throws IOException {
        byte[] bytes = last ? new byte[0] : bytesFrom(position);
        position += bytes.length;
        last = bytes.length < BLOCK;
        return bytes.length == 0 ? null : ByteBuffer.wrap(bytes);
      }
    };
  }

  private byte[] bytesFrom(long position) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(PART);
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      channel.position(position);
      while (bytes.size() < BLOCK && channel.read(part) >= 0) {
        bytes.write(part.array(), 0, part.position());
        part.clear();
      }
      return bytes.toByteArray();
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
