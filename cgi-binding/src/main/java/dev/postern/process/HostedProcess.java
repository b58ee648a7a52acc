package dev.postern.process;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One program that runs for one request. This class decides what is waited for, how long, and how
 * all of it ends. The subclass for the {@link StartPath} in force starts, reads and signals the
 * program.
 *
 * <p>The thread of the request starts the program, reads its output and closes it; {@link #wake}
 * may come from any thread.
 */
public abstract class HostedProcess implements RunningProgram {
  /** How long a program may live on after it has closed its output. */
  private static final long EXIT_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /**
   * 50 ms. If a program has had a processor for so long since it closed its output, and the kernel
   * is not taking it down, the program is doing more than just ending.
   */
  private static final long WORKS_ON_TICKS = 5;

  /** The time from TERM to KILL. */
  static final long KILL_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often a wait looks whether the program has ended. */
  static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long to wait for an exit before checking anything else. */
  private static final long FIRST_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final int ERRORS_KEPT = 64 * 1024;

  final ErrorTail errors = new ErrorTail(ERRORS_KEPT);
  private final AtomicReference<@Nullable IOException> inputFailure = new AtomicReference<>();

  private final Leftovers leftovers = new Leftovers();
  private long looked = System.nanoTime();
  private StartGate.@Nullable Place place;
  private boolean ended;
  private boolean abandoned;
  private boolean over;
  private boolean closed;
  private boolean terminated;
  private boolean killed;
  private boolean overdue;
  private List<String> command = List.of();
  private volatile boolean woken;
  private volatile boolean detached;
  private final Object detachLock = new Object();

  HostedProcess() {}

  /**
   * Starts a program in a session of its own.
   *
   * @param command the program's absolute path and its arguments, as text
   * @param environment the whole environment, as bytes, one char each. {@link ProgramText#canCarry}
   *     has said that they can be passed on. The program gets nothing of the JVM's own environment
   * @param body what the program gets on its standard input, or null for nothing. Bytes in memory
   *     are written as the program takes them; any other stream is read on another thread. Never
   *     closed
   * @param tied whether a thread that lasts as long as the JVM starts the program, for programs
   *     that end with the JVM
   * @throws IOException when the system refuses to start it; nothing is left open then
   */
  public static HostedProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException {
    StartGate.Place place = StartGate.PROCESSORS.enter();
    try {
      HostedProcess started = startNow(() -> launch(command, environment, directory, body, tied));
      place.begin(started.session());
      started.place = place;
      started.command = started.executed(command);
      return started;
    } catch (Throwable e) {
      place.leave();
      throw e;
    }
  }

  /**
   * Takes over a child of a fork server and hands it its request, so that it runs.
   *
   * @param command what the child runs
   * @param request as the child reads it
   * @param body as for {@link #start}
   * @throws Headroom.Exhausted when the child is a worker, which still waits for a request
   * @throws IOException when the child has not run, and will not. If the exception has a cause that
   *     is no {@link IOException}, the child may have run
   */
  public static HostedProcess adopt(
      ForkedChild child, List<String> command, byte[] request, @Nullable InputStream body)
      throws IOException {
    StartGate.Place place = StartGate.PROCESSORS.enter();
    try {
      HostedProcess started = startNow(() -> adopt(child, request, body));
      place.begin(started.session());
      started.place = place;
      started.command = command;
      return started;
    } catch (Throwable e) {
      place.leave();
      if (child.turn() != null
          && e instanceof IOException io
          && !mayHaveRun(io)
          && Headroom.isExhausted()) {
        throw new Headroom.Exhausted(io);
      }
      child.discard();
      throw e;
    }
  }

  /**
   * Whether a program may have run before its start failed. A failure of the system is an {@link
   * IOException}. Any other failure, such as no memory for a thread, can come after the start.
   * Nothing runs twice.
   */
  public static boolean mayHaveRun(IOException failure) {
    return failure.getCause() != null && !(failure.getCause() instanceof IOException);
  }

  private static HostedProcess adopt(ForkedChild child, byte[] request, @Nullable InputStream body)
      throws IOException {
    return StartPath.inForce() == StartPath.NATIVE
        ? NativePath.adopt(child, request, body)
        : PortableProcess.adopt(child, request, body);
  }

  private interface Launch {
    HostedProcess run() throws IOException;
  }

  private static HostedProcess startNow(Launch launch) throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted before the program was started");
    }
    LiveProcesses.starting();
    HostedProcess started;
    try {
      started = launch.run();
    } catch (Throwable e) {
      LiveProcesses.notStarted();
      throw e;
    }
    LiveProcesses.started(started);
    return started;
  }

  private static HostedProcess launch(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body,
      boolean tied)
      throws IOException {
    if (StartPath.inForce() == StartPath.PORTABLE) {
      // The kernel ends a tied program with its parent, which must be this JVM.
      HostedProcess served =
          tied ? null : StartServer.launch(command, environment, directory, body);
      return served != null
          ? served
          : PortableProcess.launch(command, environment, directory, body, tied);
    }
    if (tied) {
      return Spawner.call(() -> NativePath.launch(command, environment, directory, body));
    }
    return NativePath.launch(command, environment, directory, body);
  }

  /** Starts a program in a session of its own, from a thread that may end before the program. */
  public static HostedProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    return start(command, environment, directory, body, false);
  }

  // ---- output ----

  @Override
  public final Read read(Duration timeout) throws IOException {
    releaseBlock();
    if (ended) {
      return Read.END;
    }
    long start = System.nanoTime();
    long now = start;
    long limit = TimeUnit.NANOSECONDS.convert(timeout);
    while (true) {
      long left = Math.max(0, limit - (now - start));
      long asked = Math.min(left, LOOK_NANOS);
      // A block that is there already was not waited for, however late this thread sees it.
      boolean ready = leftovers.areRead() && awaitBlock(0);
      boolean block = ready || awaitBlock(asked);
      long took = System.nanoTime() - now;
      now += took;
      leftovers.waited(ready ? 0 : Math.min(took, asked), block ? length() : 0);
      if (leaderHasGone(now)) {
        releaseBlock();
        ended = true;
        return Read.END;
      }
      if (block) {
        return Read.BLOCK;
      }
      IOException failed = inputFailure.get();
      // A program that has left its request waits no more for the body. It works on in its time.
      if (failed != null && !detached) {
        throw failed;
      }
      if (isOutputEnded()) {
        ended = true;
        return Read.END;
      }
      if (woken) {
        return Read.WOKEN;
      }
      if (left == 0) {
        return Read.TIMEOUT;
      }
    }
  }

  private boolean awaitBlock(long nanos) throws IOException {
    try {
      return nextBlock(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the program's output");
    } catch (IOException e) {
      throw new PipeException(e);
    }
  }

  @Override
  public final void wake() {
    synchronized (detachLock) {
      if (!detached) {
        woken = true;
        wakeReader();
      }
    }
  }

  @Override
  public final long pid() {
    return session().leader();
  }

  @Override
  public final List<String> command() {
    return command;
  }

  // ---- input ----

  @Override
  public final boolean awaitsClient() {
    return isBodyAwaited() && !hasUnreadInput();
  }

  /**
   * Whether there is input that the program has not read. Also true if its standard input is no
   * pipe, because the program then reads from elsewhere. False if the system does not tell.
   */
  private boolean hasUnreadInput() {
    Path input = Path.of("/proc", Long.toString(session().leader()), "fd", "0");
    try {
      if (!Files.readSymbolicLink(input).toString().startsWith("pipe:")) {
        return true;
      }
      // Opened for both directions, because opening a named pipe for one direction can block.
      try (RandomAccessFile pipe = new RandomAccessFile(input.toFile(), "rw");
          FileInputStream reader = new FileInputStream(pipe.getFD())) {
        return reader.available() > 0;
      }
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Whether the program has ended, and whatever holds its output open has had its time. */
  private boolean leaderHasGone(long now) {
    if (now - looked >= LOOK_NANOS) {
      looked = now;
      if (!session().isLeaderAlive()) {
        leftovers.end(now);
      }
    }
    abandoned = leftovers.isOver(now);
    return abandoned;
  }

  // ---- the end ----

  @Override
  public final Exit exit() {
    try {
      // Usually it has ended. Only for the others we look up how long they have worked until now.
      if (awaitExit(FIRST_LOOK_NANOS)) {
        return new Exit(exitCode());
      }
      long start = session().leaderWork();
      for (long waited = 0; !awaitExit(LOOK_NANOS); waited += LOOK_NANOS) {
        if (waited >= EXIT_GRACE_NANOS
            || session().isLeaderIdle()
            || session().leaderWork() - start >= WORKS_ON_TICKS) {
          return Exit.RUNNING;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.RUNNING;
    }
    return new Exit(exitCode());
  }

  @Override
  public final String exitNow() {
    return (session().isLeaderAlive() ? Exit.RUNNING : new Exit(exitCode())).toString();
  }

  @Override
  public final boolean wasStillWriting() {
    return abandoned ? leftovers.wereWriting() : ended && mayHaveLostOutput();
  }

  @Override
  public final ErrorTail errors() {
    return errors;
  }

  @Override
  public final void detach() {
    synchronized (detachLock) {
      detached = true;
      woken = false;
    }
    stopInput();
  }

  /**
   * Whether {@link #detach} was called. The program's input must then not end before the program.
   */
  final boolean isDetached() {
    return detached;
  }

  @Override
  public final boolean finish(Duration time) throws IOException {
    long start = System.nanoTime();
    long limit = TimeUnit.NANOSECONDS.convert(time);
    long left = limit;
    try {
      while (left > 0) {
        Read read = read(Duration.ofNanos(left));
        left = limit - (System.nanoTime() - start);
        if (read == Read.END) {
          overdue = !awaitExit(Math.max(0, left));
          return !overdue;
        }
        if (read != Read.BLOCK) {
          break;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program worked on");
    }
    overdue = true;
    return false;
  }

  @Override
  public final void end() {
    if (over) {
      return;
    }
    over = true;
    boolean interrupted = Thread.interrupted();
    try {
      stopReading();
      if (!ended || abandoned || overdue || mayHaveLostOutput() || !awaitExit(EXIT_GRACE_NANOS)) {
        endSession();
      }
      awaitErrors();
    } catch (InterruptedException e) {
      interrupted = true;
      killNow();
      awaitKilled();
    } catch (Throwable e) {
      // For example, memory has run out. A program that cannot be waited for must not live on.
      killNow();
      throw e;
    } finally {
      // Removed only now, so that a JVM that ends meanwhile also ends a program that ignored TERM.
      LiveProcesses.remove(this);
      if (place != null) {
        place.leave();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public final void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      end();
    } finally {
      release();
    }
  }

  /** Waits a moment, even after an interrupt. A killed program usually ends at once. */
  private void awaitKilled() {
    try {
      awaitExit(LOOK_NANOS);
    } catch (InterruptedException e) {
      // The program then ends on its own. The caller keeps the interrupt.
    }
  }

  private void killNow() {
    killed = true;
    session().kill();
  }

  @Override
  public final boolean wasTerminated() {
    return terminated;
  }

  @Override
  public final boolean wasKilled() {
    return killed;
  }

  private void endSession() throws InterruptedException {
    if (!session().isAlive()) {
      return;
    }
    terminated = true;
    session().terminate();
    long start = System.nanoTime();
    while (session().isAlive()) {
      if (System.nanoTime() - start > KILL_GRACE_NANOS) {
        killNow();
        awaitExit(KILL_GRACE_NANOS);
        return;
      }
      if (session().isLeaderAlive()) {
        awaitExit(TimeUnit.MILLISECONDS.toNanos(20));
      } else {
        // The processes that it left behind are not our children, so there is nothing to wait on.
        Thread.sleep(5);
      }
    }
  }

  // ---- what a path does its own way ----

  /**
   * Makes the next {@link #read} throw that the request's body could not be read or passed on. Does
   * nothing after {@link #detach}. Any thread.
   */
  final void failInput(IOException failure) {
    inputFailure.set(failure);
    wakeReader();
  }

  /** The command, with the helpers that were put in front of it. */
  List<String> executed(List<String> plain) {
    return plain;
  }

  /** The session that the program leads. */
  abstract Session session();

  /** Gives back the block that was read last, if there is one. */
  abstract void releaseBlock();

  /** Waits for a block; false at the end of the output, after the time and when woken. */
  abstract boolean nextBlock(long nanos) throws IOException, InterruptedException;

  /** Whether all output was read, to its end. */
  abstract boolean isOutputEnded();

  /**
   * Whether output may be missing although its end was read. Never on a path that owns the
   * program's pipe.
   */
  boolean mayHaveLostOutput() {
    return false;
  }

  /** Lets the current and every later {@link #nextBlock} return. Any thread. */
  abstract void wakeReader();

  /** Whether a read of the request's body waits for the client now. Any thread. */
  abstract boolean isBodyAwaited();

  /** Reads no more of the request's body. Returns when nothing reads it any more. */
  abstract void stopInput();

  /** Waits until the program itself has ended. */
  abstract boolean awaitExit(long nanos) throws InterruptedException;

  /** Its exit status, or 128 plus the signal's number. Called only after the program has ended. */
  abstract int exitCode();

  /** Reads no more output: a program that writes on gets EPIPE. */
  abstract void stopReading();

  /** Waits a moment for the rest of an ended program's standard error. */
  abstract void awaitErrors() throws InterruptedException;

  /** Releases the request's body and all that the process had. This is the last call. */
  abstract void release();
}
