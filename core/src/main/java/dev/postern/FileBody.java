package dev.postern;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * {@link Body#of(Path)}: a regular file. Immutable. As it may be used by several requests at once,
 * an abandoned iterator could be closed by nobody; so the iterator opens the file anew for each
 * block and leaves nothing open.
 */
final class FileBody implements Body {
  private static final int BLOCK = 64 * 1024;

  private final Path file;
  private final long length;

  private FileBody(Path file, long length) {
    this.file = file;
    this.length = length;
  }

  static Body of(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new FileSystemException(file.toString(), null, "not a regular file");
    }
    if (!Files.isReadable(file)) {
      throw new FileSystemException(file.toString(), null, "not readable");
    }
    return new FileBody(file, attributes.size());
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return new Iterator<>() {
      private long position;
      private @Nullable Object version;

      @Override
      public boolean hasNext() {
        return position < length;
      }

      @Override
      public ByteBuffer next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK, length - position));
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
          checkVersion();
          channel.position(position);
          while (block.hasRemaining()) {
            if (channel.read(block) < 0) {
              throw shrunk();
            }
          }
        } catch (IOException e) {
          throw Sneaky.<RuntimeException>rethrow(e);
        }
        position += block.limit();
        return block.flip();
      }

      // The blocks of two different files must not be joined.
      private void checkVersion() throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        Object now = attributes.fileKey() + " " + attributes.lastModifiedTime();
        if (version == null) {
          version = now;
        } else if (!version.equals(now)) {
          throw new FileSystemException(file.toString(), null, "changed while it was read");
        }
      }
    };
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    byte[] block = new byte[(int) Math.min(BLOCK, length)];
    try (InputStream in = Files.newInputStream(file)) {
      for (long left = length; left > 0; ) {
        int n = in.read(block, 0, (int) Math.min(block.length, left));
        if (n < 0) {
          throw shrunk();
        }
        out.write(block, 0, n);
        left -= n;
      }
    }
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public String toString() {
    return "Body.of(" + file + ")";
  }

  private IOException shrunk() {
    return new FileSystemException(file.toString(), null, "became shorter while it was read");
  }
}
