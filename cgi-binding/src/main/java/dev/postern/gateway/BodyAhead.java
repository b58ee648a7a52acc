package dev.postern.gateway;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * A request's body that can be read ahead of the application. Apache's mod_cgi and mod_cgid, and
 * fcgiwrap, write the whole body before they read any of the response. A program that answers while
 * it reads would wait for them, and they for it. So {@link #start} reads the rest of the body into
 * memory or a file that has no name. The application then reads the body from there.
 *
 * <p>Any thread may read, but only one at a time. Any thread may call {@code start}.
 */
public final class BodyAhead extends InputStream {
  private static final int BLOCK = 16 * 1024;
  private static final int MEMORY = 64 * 1024;

  /** How many bytes are kept at most; the rest of the body has to wait. */
  static final long MOST = 64L * 1024 * 1024;

  private final InputStream raw;

  /**
   * Null for the usual {@link UnnamedFile}. A lambda in its place would slow down the start of each
   * executable.
   */
  private final @Nullable Storage storage;

  /** Bytes that were not read from {@code raw} yet. */
  private long left;

  private boolean started;

  /**
   * Whether a thread of the application is reading from {@code raw} now. Nobody else may read there
   * meanwhile.
   */
  private boolean reading;

  private byte[] memory = {};
  private @Nullable FileChannel file;

  /** The size of the ring in {@code memory} or {@code file}. */
  private long capacity;

  private long written;
  private long read;
  private boolean ended;
  private boolean closed;
  private @Nullable IOException failure;

  BodyAhead(InputStream raw, long length) {
    this(raw, length, null);
  }

  BodyAhead(InputStream raw, long length, @Nullable Storage storage) {
    this.raw = raw;
    this.left = length;
    this.storage = storage;
  }

  /** Opens the file of a body that is larger than what is kept in memory. For tests. */
  interface Storage {
    FileChannel open() throws IOException;
  }

  /** Kept in this class so that a request without a body does not load it. */
  void giveTo(Environ.Builder builder) {
    builder.input(this);
  }

  /**
   * Begins to read ahead, if there is anything left.
   *
   * @throws UncheckedIOException with a {@link GatewayException} when there is no room for the
   *     body. The response cannot be sent then, although its reader is still there.
   */
  public synchronized void start() {
    try {
      begin();
    } catch (Throwable e) {
      // Nobody may wait for bytes that will not be read.
      GatewayException ours = ours(e);
      end(ours);
      throw new UncheckedIOException(ours);
    }
  }

  /** As {@link #start}. Where there is no room, the body stays where it is, for its reader. */
  public synchronized void startIfRoom() {
    try {
      begin();
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      started = false;
      memory = new byte[0];
      forget();
    }
  }

  private void forget() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      // Nothing was written to it.
    }
    file = null;
  }

  private void begin() throws IOException {
    if (started || reading || closed || left == 0) {
      return;
    }
    started = true;
    makeRoom();
    Thread thread = new Thread(this::readAhead, "postern-body-ahead");
    thread.setDaemon(true);
    thread.start();
  }

  private void makeRoom() throws IOException {
    capacity = Math.min(left, MOST);
    if (capacity <= MEMORY) {
      memory = new byte[(int) capacity];
      return;
    }
    file = storage == null ? UnnamedFile.open() : storage.open();
  }

  /**
   * A failure of this machine. The client's body may be all right, so the status is not a 4xx.
   * Missing room for the body passes, and is a 503. A bug is a 500.
   */
  private static GatewayException ours(Throwable cause) {
    return cause instanceof IOException || cause instanceof OutOfMemoryError
        ? new GatewayException(
            503, "gateway must have room for the request body: " + cause, Headers.of(), null, cause)
        : new GatewayException(
            500, "gateway must read the request body ahead: " + cause, Headers.of(), null, cause);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    synchronized (this) {
      if (started) {
        return take(bytes, offset, length);
      }
      if (left == 0) {
        return -1;
      }
      reading = true;
    }
    int n = 0;
    try {
      n = raw.read(bytes, offset, (int) Math.min(length, left));
      return n;
    } finally {
      synchronized (this) {
        left -= Math.max(0, n);
        reading = false;
      }
    }
  }

  @Override
  public synchronized int available() throws IOException {
    return started ? (int) (written - read) : (int) Math.min(raw.available(), left);
  }

  private void readAhead() {
    try {
      byte[] block = new byte[BLOCK];
      while (left > 0) {
        int n = raw.read(block, 0, (int) Math.min(block.length, left));
        if (n < 0) {
          break;
        }
        left -= n;
        put(block, n);
      }
      end(null);
    } catch (IOException e) {
      end(e);
    } catch (InterruptedException e) {
      end(new InterruptedIOException("interrupted while the body was read ahead"));
    } catch (RuntimeException | Error e) {
      // The JVM may have no more memory, for example.
      end(ours(e));
    }
  }

  private synchronized void put(byte[] block, int length) throws IOException, InterruptedException {
    for (int done = 0; done < length; ) {
      while (written - read == capacity && !closed) {
        wait();
      }
      if (closed) {
        throw new IOException("request must last while its body is read");
      }
      int n = (int) Math.min(length - done, room(written, capacity - (written - read)));
      int position = (int) (written % capacity);
      if (file == null) {
        System.arraycopy(block, done, memory, position, n);
      } else {
        store(file, ByteBuffer.wrap(block, done, n), position - done);
      }
      written += n;
      done += n;
      notifyAll();
    }
  }

  /** Writes the bytes to the positions that they have in the buffer, plus {@code shift}. */
  private static void store(FileChannel file, ByteBuffer bytes, int shift) throws IOException {
    try {
      while (bytes.hasRemaining()) {
        file.write(bytes, shift + bytes.position());
      }
    } catch (IOException e) {
      throw ours(e);
    }
  }

  private int take(byte[] bytes, int offset, int length) throws IOException {
    while (written == read && !ended) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while the body was waited for");
      }
    }
    if (written == read) {
      if (failure != null) {
        throw failure;
      }
      return -1;
    }
    int n = (int) Math.min(length, room(read, written - read));
    int position = (int) (read % capacity);
    if (file == null) {
      System.arraycopy(memory, position, bytes, offset, n);
    } else {
      try {
        n = file.read(ByteBuffer.wrap(bytes, offset, n), position);
      } catch (IOException e) {
        throw closed ? e : ours(e);
      }
    }
    read += n;
    notifyAll();
    return n;
  }

  /** How many of {@code count} bytes fit between {@code place} and the ring's end. */
  private long room(long place, long count) {
    return Math.min(count, capacity - place % capacity);
  }

  private synchronized void end(@Nullable IOException cause) {
    ended = true;
    failure = cause;
    notifyAll();
  }

  /**
   * The request has ended. This stops the thread that reads ahead, and frees the file, which has no
   * name any more.
   */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    notifyAll();
    if (file != null) {
      file.close();
    }
  }
}
