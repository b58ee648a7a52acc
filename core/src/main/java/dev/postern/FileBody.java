package dev.postern;

import dev.postern.internal.DirectOutput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * {@link Body#of(Path)}: a regular file. Several requests may use it at once, so {@code close()}
 * cannot close a file that an abandoned iterator holds open. Therefore the iterator opens the file
 * anew for each block and leaves nothing open. Immutable.
 */
final class FileBody implements Body {
  private static final int BLOCK = 64 * 1024;

  private final Path file;
  private final Version version;

  private FileBody(Path file, Version version) {
    this.file = file;
    this.version = version;
  }

  static Body of(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new FileSystemException(file.toString(), null, "not a regular file");
    }
    if (!Files.isReadable(file)) {
      throw new FileSystemException(file.toString(), null, "not readable");
    }
    if (attributes.size() == 0 && hasBytes(file)) {
      return new UnsizedFileBody(file);
    }
    return new FileBody(file, Version.of(attributes));
  }

  private static boolean hasBytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      // Some files of /proc refuse a read of one byte.
      return in.read(new byte[512]) >= 0;
    }
  }

  /**
   * The values that change when a file changes or is replaced.
   *
   * @param key device and inode, or null where the file system has no such thing
   */
  private record Version(@Nullable Object key, long size, FileTime modified) {
    static Version of(BasicFileAttributes attributes) {
      return new Version(attributes.fileKey(), attributes.size(), attributes.lastModifiedTime());
    }
  }

  /**
   * Throws if the file is not the one whose size became the length. Called after the file was
   * opened. So this check sees a file that took its place before. A file that takes its place later
   * does no harm, because the old file is open.
   */
  private void checkVersion() throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!Version.of(attributes).equals(version)) {
      throw new FileSystemException(
          file.toString(), null, "changed or replaced after its body was made");
    }
  }

  @Override
  public Iterator<ByteBuffer> iterator() {
    return new Iterator<>() {
      private long position;
      private boolean checked;

      @Override
      public boolean hasNext() {
        if (length() == 0 && !checked) {
          // An empty file has no block, so next() never checks whether the file has changed.
          try {
            checkVersion();
          } catch (IOException e) {
            throw Blocks.unchecked(e);
          }
          checked = true;
        }
        return position < length();
      }

      @Override
      public ByteBuffer next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK, length() - position));
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
          checkVersion();
          channel.position(position);
          while (block.hasRemaining()) {
            if (channel.read(block) < 0) {
              throw shrunk();
            }
          }
        } catch (IOException e) {
          throw Blocks.unchecked(e);
        }
        position += block.limit();
        return block.flip();
      }
    };
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    if (length() > BLOCK && out instanceof DirectOutput direct && direct.isDirect()) {
      writeDirectly(direct);
      return;
    }
    byte[] block = new byte[(int) Math.min(BLOCK, length())];
    try (InputStream in = Files.newInputStream(file)) {
      checkVersion();
      for (long left = length(); left > 0; ) {
        int n = in.read(block, 0, (int) Math.min(block.length, left));
        if (n < 0) {
          throw shrunk();
        }
        out.write(block, 0, n);
        left -= n;
      }
    }
  }

  /**
   * Writes through a block outside the heap. The file is read into it, and the socket is written
   * from it. If a write fails, this method keeps the block from others: an interrupt can end a
   * write of Jetty whose bytes go out later.
   */
  private void writeDirectly(DirectOutput out) throws IOException {
    ByteBuffer block = DirectBlocks.take();
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      checkVersion();
      for (long left = length(); left > 0; ) {
        block.clear().limit((int) Math.min(block.capacity(), left));
        int n = channel.read(block);
        if (n < 0) {
          throw shrunk();
        }
        out.write(block.flip());
        left -= n;
      }
    }
    DirectBlocks.give(block);
  }

  @Override
  public long length() {
    return version.size();
  }

  @Override
  public String toString() {
    return "Body.of(" + file + ")";
  }

  private IOException shrunk() {
    return new FileSystemException(file.toString(), null, "became shorter while it was read");
  }
}
