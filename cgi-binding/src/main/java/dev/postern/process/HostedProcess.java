package dev.postern.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One program that runs for one request. Three pumps work at once, so that no full pipe can hold up
 * another: one reads its output, one its errors, one writes the request's body.
 *
 * <p>The thread of the request starts it, reads its output and closes it; {@link #wake} may come
 * from any thread.
 */
public final class HostedProcess {
  /**
   * How long reading goes on after the program itself has ended, while something it left behind
   * holds the pipe.
   */
  private static final long EOF_GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** How long a program may live on after it has closed its output. */
  private static final long EXIT_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** From TERM to KILL. */
  private static final long KILL_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** How often a wait looks whether the program has ended. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final int ERRORS_KEPT = 64 * 1024;

  private final BlockExchange output = new BlockExchange();
  private final ErrorTail errors = new ErrorTail(ERRORS_KEPT);
  private final AtomicReference<@Nullable IOException> inputFailure = new AtomicReference<>();
  private final InputGate input = new InputGate();
  private final CountDownLatch errorsDone = new CountDownLatch(1);

  private final Process process;
  private final Session session;
  private BlockExchange.@Nullable Block current;
  private boolean ended;
  private boolean abandoned;
  private long exitSeen;
  private long lastBlock;
  private boolean closed;
  private volatile boolean woken;

  private HostedProcess(Map<String, String> environment, List<String> command, Path directory)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(Session.command(command)).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    process = startDraining(builder);
    session = new Session(process);
  }

  /**
   * Starts a program.
   *
   * @param command the program's absolute path and its arguments
   * @param environment all of it; the JVM's own is not passed on
   * @param body what the program gets on its standard input, or null for nothing; read on another
   *     thread, never closed
   * @throws IOException when the system refuses to start it
   */
  public static HostedProcess start(
      List<String> command,
      Map<String, String> environment,
      Path directory,
      @Nullable InputStream body)
      throws IOException {
    HostedProcess started = new HostedProcess(environment, command, directory);
    try {
      started.pumpErrors();
      started.pumpInput(body);
    } catch (Throwable e) {
      started.session.kill();
      throw e;
    }
    return started;
  }

  // ---- output ----

  /** What came of waiting for output. */
  public enum Read {
    /** There is a block: see {@link #bytes} and {@link #length}. */
    BLOCK,
    /** The output has ended, or reading stopped as {@link #close} explains. */
    END,
    /** Nothing came in time. */
    TIMEOUT,
    /** {@link #wake} was called. */
    WOKEN
  }

  /**
   * Waits for the next block of output, which stays valid until the next call.
   *
   * @throws IOException when the output, or the request's body, cannot be read
   */
  public Read read(Duration timeout) throws IOException {
    if (current != null) {
      output.release(current);
      current = null;
    }
    if (ended) {
      return Read.END;
    }
    long start = System.nanoTime();
    long limit = timeout.toNanos();
    while (true) {
      long left = limit - (System.nanoTime() - start);
      try {
        current = output.poll(Math.min(left, LOOK_NANOS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for the program's output");
      }
      if (current != null) {
        lastBlock = System.nanoTime();
        return Read.BLOCK;
      }
      IOException failed = inputFailure.get();
      if (failed != null) {
        throw failed;
      }
      if (output.isEnded()) {
        ended = true;
        return Read.END;
      }
      if (woken) {
        return Read.WOKEN;
      }
      if (leaderHasGone()) {
        ended = true;
        return Read.END;
      }
      if (left <= 0) {
        return Read.TIMEOUT;
      }
    }
  }

  /** The bytes of the block. */
  public byte[] bytes() {
    return current().bytes;
  }

  /** How many bytes the block has. */
  public int length() {
    return current().length;
  }

  /** Whether more output is waiting already. */
  public boolean hasMore() {
    return output.hasNext();
  }

  /** Makes the current and every later {@link #read} return. Any thread. */
  public void wake() {
    woken = true;
    output.wake();
  }

  private BlockExchange.Block current() {
    if (current == null) {
      throw new IllegalStateException("there must be a block");
    }
    return current;
  }

  /** The program has ended and the grace for what still holds its pipe is over. */
  private boolean leaderHasGone() {
    if (process.isAlive()) {
      return false;
    }
    long now = System.nanoTime();
    if (exitSeen == 0) {
      exitSeen = now;
    }
    if (now - exitSeen < EOF_GRACE_NANOS) {
      return false;
    }
    abandoned = true;
    return true;
  }

  // ---- the end ----

  /**
   * How the program ended, once its output has. Waits a moment for a program that is just ending;
   * one that only closed its output and lives on is {@link Exit#RUNNING}.
   */
  public Exit exit() {
    try {
      long start = System.nanoTime();
      while (!process.waitFor(1, TimeUnit.MILLISECONDS)) {
        long waited = System.nanoTime() - start;
        if (waited > EXIT_GRACE_NANOS || waited > LOOK_NANOS && !session.isExiting()) {
          return Exit.RUNNING;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.RUNNING;
    }
    return new Exit(process.exitValue());
  }

  /** How the program ended, or that it is running, without waiting: for a diagnosis. */
  public String exitNow() {
    return (process.isAlive() ? Exit.RUNNING : new Exit(process.exitValue())).toString();
  }

  /**
   * Whether reading stopped because the program had ended but its output had not, and bytes were
   * still coming.
   */
  public boolean wasStillWriting() {
    return abandoned && lastBlock - exitSeen > EOF_GRACE_NANOS / 2;
  }

  /** What the program wrote on its standard error so far. */
  public ErrorTail errors() {
    return errors;
  }

  /**
   * Ends what still runs. A program whose output has ended gets its grace to end by itself;
   * otherwise, and afterwards, its whole session gets TERM, and 2 s later KILL. Returns when the
   * program has ended and the pumps have let go of the request.
   */
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    output.stop();
    boolean interrupted = Thread.interrupted();
    try {
      if (!ended || abandoned || !process.waitFor(EXIT_GRACE_NANOS, TimeUnit.NANOSECONDS)) {
        end();
      }
      errorsDone.await(LOOK_NANOS, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
      session.kill();
    }
    input.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void end() throws InterruptedException {
    if (!session.isAlive()) {
      return;
    }
    session.terminate();
    long start = System.nanoTime();
    while (session.isAlive()) {
      if (System.nanoTime() - start > KILL_GRACE_NANOS) {
        session.kill();
        process.waitFor(KILL_GRACE_NANOS, TimeUnit.NANOSECONDS);
        return;
      }
      if (!process.waitFor(20, TimeUnit.MILLISECONDS)) {
        continue;
      }
      Thread.sleep(5);
    }
  }

  // ---- the pumps ----

  /**
   * Starts the program on the thread that reads its output, and holds the stream's monitor from the
   * first read to the end. The JDK's reaper takes that monitor when the program exits, to save what
   * is in the pipe and close it; what a grandchild writes later would be lost, with a clean end.
   * Exit and end of output are two events.
   */
  private Process startDraining(ProcessBuilder builder) throws IOException {
    CompletableFuture<Process> started = new CompletableFuture<>();
    Pumps.run(
        () -> {
          Process starting;
          try {
            starting = builder.start();
          } catch (Throwable e) {
            started.completeExceptionally(e);
            return;
          }
          InputStream stdout = starting.getInputStream();
          synchronized (stdout) {
            started.complete(starting);
            drain(stdout);
          }
        });
    try {
      return started.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      throw new IOException("program must be started", e.getCause());
    } catch (InterruptedException e) {
      started.whenComplete(
          (late, failed) -> {
            if (late != null) {
              new Session(late).kill();
            }
          });
      output.stop();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the program was started");
    }
  }

  private void drain(InputStream stdout) {
    IOException failed = null;
    try (stdout) {
      BlockExchange.Block block = output.take();
      while (block != null) {
        block.length = stdout.read(block.bytes);
        if (block.length < 0) {
          break;
        }
        output.put(block);
        block = output.take();
      }
    } catch (IOException e) {
      failed = e;
    } catch (InterruptedException e) {
      failed = new InterruptedIOException("interrupted while the program's output was read");
    } finally {
      output.end(failed);
    }
  }

  private void pumpErrors() {
    Pumps.run(
        () -> {
          byte[] bytes = new byte[8 * 1024];
          try (InputStream stderr = process.getErrorStream()) {
            for (int n = stderr.read(bytes); n >= 0; n = stderr.read(bytes)) {
              errors.add(bytes, n);
            }
          } catch (IOException e) {
            // The pipe was closed with the program.
          } finally {
            errorsDone.countDown();
          }
        });
  }

  private void pumpInput(@Nullable InputStream body) {
    if (body == null) {
      closeQuietly(process.getOutputStream());
    } else {
      Pumps.run(() -> copyInput(body));
    }
  }

  /**
   * A program that does not read its input is no failure. A body that cannot be read is: the
   * program must not take half of it for all, so its input stays open until it is ended.
   */
  private void copyInput(InputStream body) {
    byte[] bytes = new byte[32 * 1024];
    OutputStream stdin = process.getOutputStream();
    try {
      for (int n = input.read(body, bytes); n >= 0; n = input.read(body, bytes)) {
        stdin.write(bytes, 0, n);
        stdin.flush();
      }
    } catch (InputGate.BodyException e) {
      inputFailure.set(e.failure());
      output.wake();
      if (!input.isClosed()) {
        return;
      }
    } catch (IOException e) {
      // The program has not read all of its input, and need not.
    }
    closeQuietly(stdin);
  }

  private static void closeQuietly(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      // The program has not read all of its input, and need not.
    }
  }
}
