package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One program that runs for one request: what is waited for, how long, and how all of it ends. How
 * a program is started, read and signalled is the matter of the {@link StartPath} in force.
 *
 * <p>The thread of the request starts it, reads its output and closes it; {@link #wake} may come
 * from any thread.
 */
public abstract class HostedProcess {
  /** How long a program may live on after it has closed its output. */
  private static final long EXIT_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** From TERM to KILL. */
  static final long KILL_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often a wait looks whether the program has ended. */
  static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

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
  private volatile boolean woken;

  HostedProcess() {}

  /**
   * Starts a program in a session of its own.
   *
   * @param command the program's absolute path and its arguments, as text
   * @param environment all of it, as bytes, one char each, of which {@link ProgramText#canCarry}
   *     said that they can be passed on; the JVM's own is not
   * @param body what the program gets on its standard input, or null for nothing. Bytes in memory
   *     are written as the program takes them; any other stream is read on another thread. Never
   *     closed
   * @param tied started by a thread that lasts as long as the JVM, for programs that end with it
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
      return started;
    } catch (Throwable e) {
      place.leave();
      throw e;
    }
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
      return PortableProcess.launch(command, environment, directory, body, tied);
    }
    if (tied) {
      return Spawner.call(() -> NativePath.launch(command, environment, directory, body));
    }
    return NativePath.launch(command, environment, directory, body);
  }

  /** Starts a program in a session of its own, by this thread or one that may end. */
  public static HostedProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    return start(command, environment, directory, body, false);
  }

  // ---- output ----

  /** What came of waiting for output. */
  public enum Read {
    /** There is a block: see {@link #bytes} and {@link #length}. */
    BLOCK,
    /** The output has ended, or reading stopped as {@link #wasStillWriting} explains. */
    END,
    /** Nothing came in time. */
    TIMEOUT,
    /** {@link #wake} was called. */
    WOKEN
  }

  /**
   * Waits for the next block of output, which stays valid until the next call.
   *
   * @throws PipeException when the output cannot be read, or the body cannot be passed on
   * @throws BodyException when the request's body cannot be read
   * @throws InterruptedIOException when the thread is interrupted, which it stays
   */
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
      // What is there already was not waited for, however late this thread gets to see it.
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
      if (failed != null) {
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

  /** The bytes of the block. */
  public abstract byte[] bytes();

  /** How many bytes the block has. */
  public abstract int length();

  /** The block where the system has put it, outside the heap; null where it came to the heap. */
  public @Nullable ByteBuffer direct() {
    return null;
  }

  /** Whether more output is waiting already. */
  public abstract boolean hasMore();

  /** Makes the current and every later {@link #read} return. Any thread, also after the end. */
  public final void wake() {
    woken = true;
    wakeReader();
  }

  /** The program has ended, and what holds its output open has had its time. */
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

  /**
   * How the program ended, once its output has. Waits a moment for a program that is just ending,
   * and longer for one that gets no processor to end on; one that only closed its output and lives
   * on is {@link Exit#RUNNING}.
   */
  public final Exit exit() {
    try {
      for (long waited = 0; !awaitExit(LOOK_NANOS); waited += LOOK_NANOS) {
        if (waited >= EXIT_GRACE_NANOS || session().isLeaderIdle()) {
          return Exit.RUNNING;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.RUNNING;
    }
    return new Exit(exitCode());
  }

  /** How the program ended, or that it is running, without waiting: for a diagnosis. */
  public final String exitNow() {
    return (session().isLeaderAlive() ? Exit.RUNNING : new Exit(exitCode())).toString();
  }

  /**
   * Whether the output may go on where reading stopped: the program had ended but its output had
   * not, and bytes were still coming, or could no longer be read.
   */
  public final boolean wasStillWriting() {
    return abandoned ? leftovers.wereWriting() : ended && mayHaveLostOutput();
  }

  /** What the program wrote on its standard error so far. */
  public final ErrorTail errors() {
    return errors;
  }

  /**
   * Ends what still runs. A program whose output has ended gets its grace to end by itself;
   * otherwise, and afterwards, its whole session gets TERM, and 2 s later KILL. Returns when the
   * program has ended, whoever reads the request's body; {@link #close} is still to come.
   */
  public final void end() {
    if (over) {
      return;
    }
    over = true;
    boolean interrupted = Thread.interrupted();
    try {
      stopReading();
      if (!ended || abandoned || mayHaveLostOutput() || !awaitExit(EXIT_GRACE_NANOS)) {
        endSession();
      }
      awaitErrors();
    } catch (InterruptedException e) {
      interrupted = true;
      killNow();
      awaitKilled();
    } catch (Throwable e) {
      // Such as no memory: what cannot be waited for must not live on.
      killNow();
      throw e;
    } finally {
      // Not before: a JVM that ends now ends what has not heeded TERM yet.
      LiveProcesses.remove(this);
      if (place != null) {
        place.leave();
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * {@link #end}, and lets go of all that the process had. Returns when nothing reads the request's
   * body any more, which a silent client can hold up for as long as its server lets it.
   */
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

  /** A moment, whoever is in a hurry: a killed program ends at once, as a rule. */
  private void awaitKilled() {
    try {
      awaitExit(LOOK_NANOS);
    } catch (InterruptedException e) {
      // Then it ends on its own; the interrupt is kept already.
    }
  }

  private void killNow() {
    killed = true;
    session().kill();
  }

  /** Whether {@link #end} had to ask the program, or what it had left behind, to end. */
  public final boolean wasTerminated() {
    return terminated;
  }

  /** Whether {@link #end} had to kill it. */
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
        // What it left behind is not our child, so that there is nothing to wait on.
        Thread.sleep(5);
      }
    }
  }

  // ---- what a path does its own way ----

  /**
   * The request's body could not be read, or passed on, which the next {@link #read} throws. Any
   * thread.
   */
  final void failInput(IOException failure) {
    inputFailure.set(failure);
    wakeReader();
  }

  /** The program and what it leads. */
  abstract Session session();

  /** Gives back the block that was read last, if there is one. */
  abstract void releaseBlock();

  /** Waits for a block; false at the end of the output, after the time and when woken. */
  abstract boolean nextBlock(long nanos) throws IOException, InterruptedException;

  /** Whether all output was read, to its end. */
  abstract boolean isOutputEnded();

  /**
   * Whether the output's end may not have been its end. Never on a path that owns the program's
   * pipe.
   */
  boolean mayHaveLostOutput() {
    return false;
  }

  /** Lets the current and every later {@link #nextBlock} return. Any thread. */
  abstract void wakeReader();

  /** Waits until the program itself has ended. */
  abstract boolean awaitExit(long nanos) throws InterruptedException;

  /** Its status, or 128 and the signal's number; only after it has ended. */
  abstract int exitCode();

  /** Reads no more output: a program that writes on gets EPIPE. */
  abstract void stopReading();

  /** Waits a moment for what an ended program has left of its standard error. */
  abstract void awaitErrors() throws InterruptedException;

  /** Lets go of the request's body, and of all that the process had. The last call. */
  abstract void release();
}
