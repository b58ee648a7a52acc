package dev.postern.process;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;

/**
 * The native memory that one thread needs to talk to a program, and a descriptor that wakes this
 * thread. The next program uses it again. Confined to one thread at a time, except for {@link
 * #wake}.
 */
final class Workspace {
  /** The most that one read takes. This is more than a pipe holds, unless the pipe was widened. */
  static final int BLOCK = 256 * 1024;

  /** The index to ask {@link #isReady} for a {@link #wake}. */
  static final int WAKE = 0;

  private static final int KEPT = 16;
  private static final ArrayBlockingQueue<Workspace> FREE = new ArrayBlockingQueue<>(KEPT);

  /** {@code struct pollfd { int fd; short events; short revents; }}. */
  private static final long POLLFD = 8;

  private static final int MAX_POLLED = 5;

  /** {@code siginfo_t}, of which {@code waitid} fills the first 28 bytes. */
  private static final long SIGINFO = 128;

  private final StartWords words = new StartWords();
  private final MemorySegment errno;
  private final MemorySegment scratch;
  private final MemorySegment siginfo;
  private final MemorySegment fileActions;
  private final MemorySegment polled;
  private MemorySegment block;
  private ByteBuffer buffer;
  private final int event;
  private int polledCount;
  private byte[] bytes = new byte[8 * 1024];

  private Workspace() throws IOException {
    // The memory is freed with this object, when no call uses it any more.
    Arena arena = Arena.ofAuto();
    errno = arena.allocate(Libc.ERRNO_LAYOUT);
    scratch = arena.allocate(16, 8);
    siginfo = arena.allocate(SIGINFO, 8);
    fileActions = arena.allocate(Spawn.FILE_ACTIONS_SIZE, 16);
    polled = arena.allocate(MAX_POLLED * POLLFD, 8);
    block = arena.allocate(BLOCK, 8);
    buffer = block.asByteBuffer();
    event = Libc.eventfd(errno);
  }

  /** A free workspace, or a new one. */
  static Workspace take() throws IOException {
    Workspace free = FREE.poll();
    return free == null ? new Workspace() : free;
  }

  /** Gives the workspace back, when nobody uses or wakes it any more. */
  void giveBack() {
    Libc.clear(event, scratch);
    if (!FREE.offer(this)) {
      Libc.close(event);
    }
  }

  StartWords words() {
    return words;
  }

  MemorySegment errno() {
    return errno;
  }

  /** 16 bytes for what a call returns by address. */
  MemorySegment scratch() {
    return scratch;
  }

  MemorySegment siginfo() {
    return siginfo;
  }

  MemorySegment fileActions() {
    return fileActions;
  }

  // ---- bytes ----

  /** A copy in the heap of the first bytes that {@link #read} has read last. */
  byte[] bytes(int length) {
    byte[] copy = heap(length);
    MemorySegment.copy(block, JAVA_BYTE, 0, copy, 0, length);
    return copy;
  }

  /** An array of at least that length, with whatever is in it. */
  byte[] heap(int length) {
    if (bytes.length < length) {
      bytes = new byte[length];
    }
    return bytes;
  }

  /** The first bytes that {@link #read} has read last, where they are. */
  ByteBuffer direct(int length) {
    return buffer.duplicate().limit(length);
  }

  /**
   * Leaves the block to the caller and uses new memory from here on. The old memory is freed when
   * nobody reads it any more.
   */
  void leaveBlock() {
    // All is made before anything is replaced: where there is no memory, the old block stays.
    MemorySegment fresh = Arena.ofAuto().allocate(BLOCK, 8);
    ByteBuffer view = fresh.asByteBuffer();
    bytes = new byte[8 * 1024];
    block = fresh;
    buffer = view;
  }

  /**
   * Reads what a pipe has. The pipe must have something, or have ended.
   *
   * @return how many bytes, or -1 at its end
   */
  int read(int fd) throws IOException {
    long n;
    do {
      n = Libc.read(errno, fd, block, BLOCK);
    } while (n < 0 && Libc.errno(errno) == Libc.EINTR);
    if (n < 0) {
      throw Libc.failure("read", Libc.errno(errno));
    }
    return n == 0 ? -1 : (int) n;
  }

  /**
   * Writes to a pipe that does not block.
   *
   * @return how many bytes it took, maybe none; -1 when nobody reads it any more
   */
  int write(int fd, byte[] source, int offset, int length) throws IOException {
    int size = Math.min(length, BLOCK);
    MemorySegment.copy(source, offset, block, JAVA_BYTE, 0, size);
    long n = Libc.write(errno, fd, block, size);
    if (n >= 0) {
      return (int) n;
    }
    int error = Libc.errno(errno);
    if (error == Libc.EAGAIN || error == Libc.EINTR) {
      return 0;
    }
    if (error == Libc.EPIPE) {
      return -1;
    }
    throw Libc.failure("write", error);
  }

  /** Opens a file, closed on exec. {@code path} must be short, and of ASCII. */
  int open(String path, int flags) throws IOException {
    block.setString(0, path);
    int fd = Libc.open(errno, block, flags | Libc.O_CLOEXEC);
    if (fd >= 3) {
      return fd;
    }
    // This JVM was started without some of its standard streams. What it prints would go into this
    // file.
    try {
      return Libc.duplicateAboveStandard(errno, fd);
    } finally {
      Libc.close(fd);
    }
  }

  /** How many bytes of a pipe nobody has read. */
  int unread(int fd) throws IOException {
    return Libc.unread(errno, fd, scratch);
  }

  // ---- waiting ----

  /** Lets the current wait return, and every later one until the workspace is given back. */
  void wake() {
    Libc.raise(event);
  }

  /** Takes back what {@link #wake} has done. */
  void calm() {
    Libc.clear(event, scratch);
  }

  /** The descriptor that {@link #wake} makes readable. */
  int event() {
    return event;
  }

  /** Begins a new wait, which {@link #wake} can end; {@link #WAKE} is its index. */
  void startWait() {
    polledCount = 0;
    await(event, Libc.POLLIN);
  }

  /** Begins a new wait that nobody wakes. */
  void startDeafWait() {
    polledCount = 0;
  }

  /**
   * Adds a descriptor to wait for.
   *
   * @return its index, for {@link #isReady}
   */
  int await(int fd, int events) {
    long at = polledCount * POLLFD;
    polled.set(JAVA_INT, at, fd);
    polled.set(JAVA_SHORT, at + 4, (short) events);
    polled.set(JAVA_SHORT, at + 6, (short) 0);
    return polledCount++;
  }

  /** Waits until something is ready, but not longer than that; false when nothing is ready. */
  boolean poll(long nanos) throws IOException {
    int millis = (int) Math.min(Integer.MAX_VALUE, (nanos + 999_999) / 1_000_000);
    int n =
        millis > 0 && Thread.currentThread().isVirtual()
            ? pollElsewhere(millis)
            : Libc.poll(errno, polled, polledCount, millis);
    if (n < 0 && Libc.errno(errno) != Libc.EINTR) {
      throw Libc.failure("poll", Libc.errno(errno));
    }
    return n > 0;
  }

  /** Whether the descriptor can be read or written, or its other end is gone. */
  boolean isReady(int index) {
    return events(index) != 0;
  }

  /** Whether there are bytes to read, and not only the end. */
  boolean hasInput(int index) {
    return (events(index) & Libc.POLLIN) != 0;
  }

  private short events(int index) {
    return polled.get(JAVA_SHORT, index * POLLFD + 6);
  }

  /**
   * Waits on a platform thread. A virtual thread that waits in a native call holds its carrier, and
   * there are only as many carriers as processors. So a few silent programs would stop all others.
   */
  private int pollElsewhere(int millis) {
    CompletableFuture<Integer> result = new CompletableFuture<>();
    Pumps.run(
        () -> {
          try {
            result.complete(Libc.poll(errno, polled, polledCount, millis));
          } catch (Throwable e) {
            result.completeExceptionally(e);
          }
        });
    return result.join();
  }
}
