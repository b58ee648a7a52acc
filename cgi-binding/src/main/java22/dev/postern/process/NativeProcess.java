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
 * A program that the C library started, or that runs in a process which is not our child. The
 * request's own thread waits for the program's output, errors and end together. This thread also
 * writes a body that is in memory.
 */
final class NativeProcess extends HostedProcess {
  private static final int NONE = -1;

  /**
   * A read of this many bytes means much output. The system makes pipes of 64 KiB, which hold less
   * where writes leave gaps.
   */
  private static final int NEARLY_FULL = 48 * 1024;

  /**
   * The size of the pipe of a program with much output. 64 of these are half of an unprivileged
   * user's share.
   */
  private static final int WIDE_PIPE = 512 * 1024;

  /** A pipe takes at least this much at once, even if the system is short of memory for pipes. */
  private static final int ALWAYS_FITS = 4096;

  /** Usually an exit follows the end of output at once. For this long, nothing else is checked. */
  private static final long PROMPT_EXIT_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /**
   * How often to check for an exit if the kernel cannot report it: before 5.3, and in some
   * sandboxes.
   */
  private static final long WITHOUT_PIDFD_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  /**
   * How often to check whether a process has taken its request. The process then closes the pipe,
   * but the kernel does not report that while others hold the pipe.
   */
  private static final long TAKEN_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final long BETWEEN_LOOKS_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  private final Workspace work;
  private int stdin = NONE;
  private int stdout = NONE;
  private int stderr = NONE;
  private int pidfd = NONE;
  private @Nullable Session session;

  /** The session of a program that was started here. */
  private @Nullable NativeSession own;

  /** The process of a program that was not started here. */
  private @Nullable PipedProcess adopted;

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

  /** As {@link HostedProcess#adopt}. The body is read only after the process has its request. */
  static NativeProcess adopt(ForkedChild child, byte[] request, @Nullable InputStream body)
      throws IOException {
    PipedProcess process = PipedProcess.of(child);
    NativeProcess started = null;
    try {
      started = new NativeProcess(Workspace.take());
      started.take(process, request, body);
      return started;
    } catch (Throwable e) {
      if (started != null) {
        started.releaseStreams();
      }
      process.close();
      throw e;
    }
  }

  private void take(PipedProcess process, byte[] request, @Nullable InputStream body)
      throws IOException {
    ForkedChild child = process.child;
    adopted = process;
    session = new PortableSession(process);
    stdout = work.open(child.file(child.output()).toString(), Libc.O_RDONLY);
    stderr = work.open(child.file(child.errors()).toString(), Libc.O_RDONLY);
    if (body != null) {
      int flags = Libc.O_WRONLY | Libc.O_NONBLOCK;
      stdin = work.open(child.file(child.input()).toString(), flags);
      if (!isInMemory(body)) {
        input = new NativeInput(this, body, stdin);
        stdin = NONE;
      }
    }
    begin(process, request);
    try {
      if (input != null) {
        input.start();
      } else if (body != null) {
        memory = body.readAllBytes();
        feed();
      }
    } catch (IOException e) {
      session.kill();
      throw PipedProcess.mayHaveBegun(e);
    } catch (Throwable e) {
      session.kill();
      throw e;
    }
  }

  /**
   * As {@link PipedProcess#begin}, without many short sleeps. A process that has taken its request
   * closes the pipe, and this ends the wait.
   */
  private void begin(PipedProcess process, byte[] request) throws IOException {
    ForkedChild child = process.child;
    int flags = Libc.O_WRONLY | Libc.O_NONBLOCK;
    int control = work.open(child.file(child.control()).toString(), flags);
    IOException notTaken;
    try {
      notTaken = hand(process, request, control);
    } catch (IOException e) {
      throw PipedProcess.mayHaveBegun(e);
    } finally {
      close(control);
    }
    if (notTaken != null) {
      throw notTaken;
    }
  }

  /**
   * Writes the request, and waits until the process has taken it. Returns the failure if it has
   * not.
   */
  private @Nullable IOException hand(PipedProcess process, byte[] request, int control)
      throws IOException {
    long begun = System.nanoTime();
    boolean killed = false;
    for (int sent = 0; sent < request.length || work.unread(control) > 0; ) {
      if (sent < request.length) {
        int n = work.write(control, request, sent, request.length - sent);
        if (n < 0) {
          return PipedProcess.notTaken(false);
        }
        sent += n;
      }
      boolean all = sent == request.length;
      work.startDeafWait();
      int pipe = work.await(control, all ? 0 : Libc.POLLOUT);
      boolean changed = work.poll(TAKEN_LOOK_NANOS) && work.isReady(pipe);
      if (all && changed && work.unread(control) > 0) {
        return PipedProcess.notTaken(false);
      }
      long waited = System.nanoTime() - begun;
      if (!killed && waited > PipedProcess.PATIENCE_NANOS) {
        process.toHandle().destroyForcibly();
        killed = true;
      }
      if (waited > PipedProcess.PATIENCE_NANOS + PipedProcess.KILLED_NANOS) {
        return PipedProcess.notTaken(true);
      }
    }
    return killed ? PipedProcess.notTaken(true) : null;
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
        // Made before the start. A failure after the start would leave a program that has begun.
        input = new NativeInput(this, body, stdin);
        stdin = NONE;
      }
      own = new NativeSession(Spawn.start(work, work.words(), streams), work.siginfo());
      session = own;
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
        // This JVM was started without some of its standard streams, so a pipe got one of their
        // numbers.
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
   * Writes what the program takes of a body that is in memory. If that fails, the program's input
   * stays open, because the program must not take half a body for the whole body.
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
      // More output is to come than the pipe holds. In a wider pipe, the program can write it while
      // this block is passed on.
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
   * Waits until the program takes more of its input. Called by the thread that writes the input.
   *
   * @return false when nobody waits for the program's output any more
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
  Session session() {
    if (session == null) {
      throw new IllegalStateException("program must have been started");
    }
    return session;
  }

  @Override
  int exitCode() {
    if (adopted != null) {
      return adopted.exitValue();
    }
    if (own == null) {
      throw new IllegalStateException("program must have been started");
    }
    return own.code();
  }

  @Override
  public List<String> left() {
    return adopted instanceof WorkerTurn turn ? turn.left() : List.of();
  }

  @Override
  boolean awaitExit(long nanos) throws InterruptedException {
    if (adopted instanceof WorkerTurn turn) {
      return awaitTurn(turn, nanos);
    }
    Session leader = session();
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
        // The wait has failed. Look again after a moment.
        Thread.sleep(1);
      }
      if (!leader.isLeaderAlive()) {
        return true;
      }
      if (adopted != null) {
        // poll may report the end while no descriptor is free to read how it ended. Do not spin
        // then.
        TimeUnit.NANOSECONDS.sleep(BETWEEN_LOOKS_NANOS);
      }
    }
    return false;
  }

  /**
   * Waits until the worker says that its request is over. The worker may write errors until then.
   */
  private boolean awaitTurn(WorkerTurn turn, long nanos) throws InterruptedException {
    long start = System.nanoTime();
    for (long left = nanos; left > 0; left = nanos - (System.nanoTime() - start)) {
      if (turn.waitFor(Math.min(left, PROMPT_EXIT_NANOS), TimeUnit.NANOSECONDS)) {
        return true;
      }
      try {
        work.startDeafWait();
        serveStreams(0);
      } catch (IOException e) {
        // What the worker writes is then lost, but not its end.
      }
    }
    return !turn.isAlive();
  }

  /**
   * Waits once. After the first moments it also serves the streams, which may keep a program busy
   * before it ends.
   */
  private void lookForExit(long left, boolean prompt) throws IOException {
    work.startDeafWait();
    if (pidfd != NONE) {
      work.await(pidfd, Libc.POLLIN);
    }
    long slice = pidfd == NONE ? WITHOUT_PIDFD_NANOS : prompt ? PROMPT_EXIT_NANOS : LOOK_NANOS;
    if (prompt) {
      work.poll(Math.min(left, slice));
    } else {
      serveStreams(Math.min(left, slice));
    }
  }

  /** Waits until errors can be read or input can be written, and does so. */
  private void serveStreams(long nanos) throws IOException {
    int err = stderr == NONE ? NONE : work.await(stderr, Libc.POLLIN);
    int in = stdin == NONE ? NONE : work.await(stdin, Libc.POLLOUT);
    if (!work.poll(nanos)) {
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
    // Drops a wake that came before.
    work.calm();
  }

  @Override
  void stopReading() {
    length = NONE;
    stdout = close(stdout);
  }

  /**
   * Reads the errors that are in the pipe: all that the program wrote before it ended. Does not
   * wait for more.
   */
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
      // The errors that were read so far must be enough.
    }
  }

  /**
   * Called after the program's end, so that the program does not take the end of its input for the
   * end of the body.
   */
  @Override
  void release() {
    try {
      if (own != null) {
        own.reap();
      }
      if (adopted != null) {
        adopted.forget();
      }
    } finally {
      releaseStreams();
    }
  }

  private void releaseStreams() {
    stdin = close(stdin);
    stdout = close(stdout);
    stderr = close(stderr);
    pidfd = close(pidfd);
    // Closed last, because this may have to wait for a client.
    if (input != null) {
      input.close();
    }
    synchronized (wakeLock) {
      released = true;
      work.giveBack();
    }
  }

  private static int close(int fd) {
    if (fd != NONE) {
      Libc.close(fd);
    }
    return NONE;
  }
}
