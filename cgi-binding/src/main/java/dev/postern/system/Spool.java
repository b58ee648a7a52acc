package dev.postern.system;

import dev.postern.gateway.UnnamedFile;
import dev.postern.process.ProcessName;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keeps bytes in memory, and if they are too many, in a file that only our user can read. On
 * systems like Unix the file loses its name as soon as it is open, so nothing is left of it,
 * whatever ends this process. If a crash comes before that, the next server removes the file when
 * it starts. Not thread-safe while it is written.
 */
public final class Spool implements Closeable {
  /** {@code postern-spool-PID-START-RANDOM}, of a {@link ProcessName}. */
  public static final String PREFIX = UnnamedFile.PREFIX;

  private static final int COPY = 8 * 1024;

  private final Path directory;
  private byte[] memory = new byte[COPY];
  private final int memoryMax;
  private final long budget;
  private long length;
  private long held;
  private @Nullable FileChannel file;

  /** What all spools of this JVM hold together. */
  private static final AtomicLong ALL = new AtomicLong();

  /** A spool without a bound of its own. */
  public Spool(Path directory, int memoryMax) {
    this(directory, memoryMax, Long.MAX_VALUE);
  }

  /**
   * A spool that is one of many.
   *
   * @param memoryMax how many bytes it keeps in memory
   * @param budget how many bytes all spools of this JVM may hold together. Beyond that, this one
   *     does not grow
   */
  public Spool(Path directory, int memoryMax, long budget) {
    this.directory = directory;
    this.memoryMax = memoryMax;
    this.budget = budget;
  }

  private void take(int count) throws IOException {
    if (ALL.addAndGet(count) > budget) {
      ALL.addAndGet(-count);
      throw new IOException("spools of this JVM must not hold more than " + budget + " bytes");
    }
    held += count;
  }

  /** Where spools are: {@code java.io.tmpdir}. */
  public static Path directory() {
    return Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
  }

  /**
   * Adds bytes.
   *
   * @throws IOException when the disk is full, or the budget is used up
   */
  public void write(byte[] bytes, int count) throws IOException {
    take(count);
    if (file == null && length + count > memoryMax) {
      file = moved();
      memory = new byte[0];
    }
    if (file == null) {
      int needed = (int) length + count;
      if (needed > memory.length) {
        memory = Arrays.copyOf(memory, Math.min(memoryMax, Math.max(needed, 2 * memory.length)));
      }
      System.arraycopy(bytes, 0, memory, (int) length, count);
    } else {
      writeFully(file, ByteBuffer.wrap(bytes, 0, count), length);
    }
    length += count;
  }

  /** Makes a file of what is in memory. If that fails, the bytes in memory stay. */
  private FileChannel moved() throws IOException {
    FileChannel created = create();
    try {
      writeFully(created, ByteBuffer.wrap(memory, 0, (int) length), 0);
      return created;
    } catch (Throwable e) {
      created.close();
      throw e;
    }
  }

  private static void writeFully(FileChannel to, ByteBuffer bytes, long position)
      throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes, position + bytes.position());
    }
  }

  private FileChannel file() {
    if (file == null) {
      throw new IllegalStateException("spool must have a file");
    }
    return file;
  }

  private FileChannel create() throws IOException {
    return UnnamedFile.open(directory, ProcessName.current().toString());
  }

  /** How many bytes were written. */
  public long length() {
    return length;
  }

  /** A stream of all bytes, from the first on. Any thread may read it, until {@link #close}. */
  public InputStream open() {
    return new Reader();
  }

  /** Removes the file, and gives back the spool's part of the budget. */
  @Override
  public void close() throws IOException {
    ALL.addAndGet(-held);
    held = 0;
    if (file != null) {
      file.close();
    }
  }

  /** Removes what ended processes of ours have left. */
  public static void sweep(Path directory) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path spool : left) {
        if (ProcessName.isLeftover(spool, PREFIX) && Owners.owner(spool) == Owners.current()) {
          Files.deleteIfExists(spool);
        }
      }
    } catch (IOException | RuntimeException e) {
      // If the directory cannot be read or changed, the first spool in it will fail and say so.
    }
  }

  /** Reads by position, so that two readers may read at once. */
  private final class Reader extends InputStream {
    private long position;

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      if (position >= length) {
        return -1;
      }
      int n = (int) Math.min(count, length - position);
      if (file == null) {
        System.arraycopy(memory, (int) position, bytes, offset, n);
      } else {
        n = file().read(ByteBuffer.wrap(bytes, offset, n), position);
        if (n < 0) {
          throw new IOException("spool must keep its bytes: " + position + " of " + length);
        }
      }
      position += n;
      return n;
    }
  }
}
