package dev.postern.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program that the C library started. The request's own thread waits for its output, its errors
 * and its end together; a body that is in memory is written by it too.
 */
final class NativeProcess extends HostedProcess {
  private static final int NONE = -1;

  /** A pipe holds 64 KiB at most as the system makes it, and less where writes leave gaps in it. */
  private static final int NEARLY_FULL = 48 * 1024;

  /** What one of much output holds: 64 of them are half of an unprivileged user's share. */
  private static final int WIDE_PIPE = 512 * 1024;

  /** A pipe takes at least as much at once, however short of memory the system is for pipes. */
  private static final int ALWAYS_FITS = 4096;

  /** An exit follows the end of output at once, as a rule: nothing else is looked at so long. */
  private static final long PROMPT_EXIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /**
   * How often to look where the kernel cannot tell of an exit: before 5.3, and in some sandboxes.
   */
  private static final long WITHOUT_PIDFD_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final Workspace work;
  private int stdin = NONE;
  private int stdout = NONE;
  private int stderr = NONE;
  private int pidfd = NONE;
  private @Nullable NativeSession session;
  private @Nullable NativeInput input;
  private byte[] memory = new byte[0];
  private int written;
  private int length = NONE;
  private boolean widened;

  /** Guards the workspace against a {@link #wake} that comes after the end. */
  private final Object wakeLock = new Object();

  private boolean released;

  private NativeProcess(Workspace work) {
    this.work = work;
  }

  /** As {@link HostedProcess#start}. */
  static NativeProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before the program was started");
    }
    NativeProcess started = new NativeProcess(Workspace.take());
    try {
      started.work.words().set(command, environment, directory);
      started.spawn(body);
    } catch (Throwable e) {
      try {
        if (started.session != null) {
          started.session.kill();
        }
      } finally {
        started.release();
      }
      throw e;
    }
    return started;
  }

  // ---- the start ----

  private void spawn(@Nullable InputStream body) throws IOException {
    int[] streams = {NativePath.devNull(), NONE, NONE};
    try {
      if (body != null) {
        int[] pipe = pipe();
        streams[0] = pipe[0];
        stdin = pipe[1];
        fillInput(body);
      }
      int[] out = pipe();
      stdout = out[0];
      streams[1] = out[1];
      int[] err = pipe();
      stderr = err[0];
      streams[2] = err[1];
      if (body != null && !isInMemory(body)) {
        // Before the start: what fails after it would leave a program that has begun.
        input = new NativeInput(this, body, stdin);
        stdin = NONE;
      }
      session = new NativeSession(Spawn.start(work, work.words(), streams), work.siginfo());
    } finally {
      if (streams[0] != NativePath.devNull()) {
        close(streams[0]);
      }
      close(streams[1]);
      close(streams[2]);
    }
    if (input != null) {
      input.start();
    }
  }

  private static boolean isInMemory(InputStream body) {
    return body instanceof ByteArrayInputStream;
  }

  private int[] pipe() throws IOException {
    Libc.pipe(work.errno(), work.scratch());
    int[] ends = {work.scratch().get(JAVA_INT, 0), work.scratch().get(JAVA_INT, 4)};
    for (int i = 0; i < ends.length; i++) {
      if (ends[i] < 3) {
        // This JVM runs without all of its standard streams.
        int low = ends[i];
        try {
          ends[i] = Libc.duplicateAboveStandard(work.errno(), low);
        } catch (IOException e) {
          close(ends[0]);
          close(ends[1]);
          throw e;
        }
        Libc.close(low);
      }
    }
    return ends;
  }

  private void fillInput(InputStream body) throws IOException {
    boolean inMemory = isInMemory(body);
    if (inMemory) {
      memory = body.readAllBytes();
    }
    if (!inMemory || memory.length > ALWAYS_FITS) {
      Libc.setNonblocking(work.errno(), stdin);
    }
    if (inMemory) {
      feed();
    }
  }

  /**
   * Writes what the program takes of a body that is in memory. Its input stays open when that fails:
   * it must not take half of a body for all.
   */
  private void feed() throws IOException {
    while (written < memory.length) {
      int n = work.write(stdin, memory, written, memory.length - written);
      if (n == 0) {
        return;
      }
      if (n < 0) {
        // The program has not read all of its input, and need not.
        break;
      }
      written += n;
    }
    stdin = close(stdin);
  }

  // ---- output ----

  @Override
  public byte[] bytes() {
    checkBlock();
    return work.bytes(length);
  }

  @Override
  public ByteBuffer direct() {
    checkBlock();
    return work.direct(length);
  }

  @Override
  public int length() {
    checkBlock();
    return length;
  }

  @Override
  public boolean keepBlock() {
    if (length != NONE) {
      work.leaveBlock();
      length = NONE;
    }
    return true;
  }

  private void checkBlock() {
    if (length == NONE) {
      throw new IllegalStateException("there must be a block");
    }
  }

  @Override
  public boolean hasMore() {
    if (stdout == NONE) {
      return false;
    }
    work.startDeafWait();
    int out = work.await(stdout, Libc.POLLIN);
    try {
      return work.poll(0) && work.hasInput(out);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  void releaseBlock() {
    length = NONE;
  }

  @Override
  boolean nextBlock(long nanos) throws IOException, InterruptedException {
    long start = System.nanoTime();
    long left = nanos;
    do {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      if (stdout == NONE) {
        return false;
      }
      work.startWait();
      int out = work.await(stdout, Libc.POLLIN);
      int err = stderr == NONE ? NONE : work.await(stderr, Libc.POLLIN);
      int in = stdin == NONE ? NONE : work.await(stdin, Libc.POLLOUT);
      if (!work.poll(left)) {
        return false;
      }
      if (err != NONE && work.isReady(err)) {
        readErrors();
      }
      if (in != NONE && work.isReady(in)) {
        feed();
      }
      if (work.isReady(out)) {
        return readOutput();
      }
      if (work.isReady(Workspace.WAKE)) {
        return false;
      }
      left = nanos - (System.nanoTime() - start);
    } while (left > 0);
    return false;
  }

  private boolean readOutput() throws IOException {
    length = work.read(stdout);
    if (length == NONE) {
      stdout = close(stdout);
      return false;
    }
    if (length >= NEARLY_FULL && !widened) {
      // More is to come than fits: it can be written while this is passed on.
      widened = true;
      Libc.widen(work.errno(), stdout, WIDE_PIPE);
    }
    return true;
  }

  private void readErrors() throws IOException {
    int n = work.read(stderr);
    if (n < 0) {
      stderr = close(stderr);
    } else {
      errors.add(work.bytes(n), n);
    }
  }

  @Override
  boolean isOutputEnded() {
    return stdout == NONE;
  }

  @Override
  void wakeReader() {
    synchronized (wakeLock) {
      if (!released) {
        work.wake();
      }
    }
  }

  /**
   * Waits until the program takes more of its input. For the thread that writes it.
   *
   * @return false when the program's output is not waited for any more
   */
  boolean awaitInput(Workspace waiting, int fd, NativeInput waits) throws IOException {
    waiting.startDeafWait();
    int woken = waiting.await(work.event(), Libc.POLLIN);
    waiting.await(fd, Libc.POLLOUT);
    while (!waiting.poll(LOOK_NANOS)) {
      if (waits.isStopped()) {
        return false;
      }
    }
    return !waiting.isReady(woken);
  }

  // ---- the end ----

  @Override
  NativeSession session() {
    if (session == null) {
      throw new IllegalStateException("program must have been started");
    }
    return session;
  }

  @Override
  int exitCode() {
    return session().code();
  }

  @Override
  boolean awaitExit(long nanos) throws InterruptedException {
    NativeSession leader = session();
    if (!leader.isLeaderAlive()) {
      return true;
    }
    if (pidfd == NONE) {
      pidfd = Libc.pidfdOpen((int) leader.leader());
    }
    long start = System.nanoTime();
    for (long waited = 0; waited < nanos; waited = System.nanoTime() - start) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      try {
        lookForExit(nanos - waited, waited < PROMPT_EXIT_NANOS);
      } catch (IOException e) {
        // Then there is only time to tell.
        Thread.sleep(1);
      }
      if (!leader.isLeaderAlive()) {
        return true;
      }
    }
    return false;
  }

  /** Waits once; a program may be busy with its streams before it ends. */
  private void lookForExit(long left, boolean prompt) throws IOException {
    work.startDeafWait();
    if (pidfd != NONE) {
      work.await(pidfd, Libc.POLLIN);
    }
    int err = prompt || stderr == NONE ? NONE : work.await(stderr, Libc.POLLIN);
    int in = prompt || stdin == NONE ? NONE : work.await(stdin, Libc.POLLOUT);
    long slice = pidfd == NONE ? WITHOUT_PIDFD_NANOS : prompt ? PROMPT_EXIT_NANOS : LOOK_NANOS;
    if (!work.poll(Math.min(left, slice))) {
      return;
    }
    if (err != NONE && work.isReady(err)) {
      readErrors();
    }
    if (in != NONE && work.isReady(in)) {
      feed();
    }
  }

  @Override
  boolean isBodyAwaited() {
    return input != null && input.isReading();
  }

  @Override
  void stopInput() {
    if (input != null) {
      input.stop();
    }
    // A wake that came before is over, too.
    work.calm();
  }

  @Override
  void stopReading() {
    length = NONE;
    stdout = close(stdout);
  }

  /** What the program wrote before it ended is in the pipe; more than that is not waited for. */
  @Override
  void awaitErrors() {
    try {
      for (int i = 0; i < 2 && stderr != NONE; i++) {
        work.startDeafWait();
        work.await(stderr, Libc.POLLIN);
        if (!work.poll(0)) {
          return;
        }
        readErrors();
      }
    } catch (IOException e) {
      // Then what there is has to do.
    }
  }

  /** After the program's end, so that it takes no end of its input for the end of the body. */
  @Override
  void release() {
    stdin = close(stdin);
    stdout = close(stdout);
    stderr = close(stderr);
    pidfd = close(pidfd);
    try {
      if (session != null) {
        session.reap();
      }
    } finally {
      // Last, as it may have to wait for a client.
      if (input != null) {
        input.close();
      }
      synchronized (wakeLock) {
        released = true;
        work.giveBack();
      }
    }
  }

  private static int close(int fd) {
    if (fd != NONE) {
      Libc.close(fd);
    }
    return NONE;
  }
}
