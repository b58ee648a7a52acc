package dev.postern.inprocess;

import dev.postern.process.BodyException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.RunningProgram;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A program that runs in this JVM for one request. */
final class RunningInstance implements RunningProgram {
  /** How long a program may go on after it has closed its output. */
  private static final long EXIT_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final long CLOSED_OUTPUT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int TERMINATED = 128 + 15;

  private final Instance instance;
  private final Run run;
  private final List<String> command;
  private final long stopNanos;
  private final @Nullable Comparison comparison;
  private boolean overdue;
  private boolean ended;
  private boolean stopped;
  private boolean abandoned;
  private volatile boolean detached;

  RunningInstance(
      Instance instance,
      Run run,
      List<String> command,
      Duration stopGrace,
      @Nullable Comparison comparison) {
    this.instance = instance;
    this.run = run;
    this.command = command;
    this.comparison = comparison;
    this.stopNanos = TimeUnit.NANOSECONDS.convert(stopGrace);
  }

  @Override
  public List<String> command() {
    return command;
  }

  // ---- output ----

  @Override
  public Read read(Duration timeout) throws IOException {
    try {
      Read read = run.pipe.read(TimeUnit.NANOSECONDS.convert(timeout));
      if (comparison != null) {
        comparison.read(read, run.pipe);
      }
      BodyException failure = run.input.failure();
      if (failure != null && read != Read.BLOCK && !detached) {
        throw failure;
      }
      return read;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the program's output");
    }
  }

  @Override
  public byte[] bytes() {
    return run.pipe.bytes();
  }

  @Override
  public int length() {
    return run.pipe.length();
  }

  @Override
  public boolean hasMore() {
    return run.pipe.hasMore();
  }

  @Override
  public void wake() {
    if (!detached) {
      run.pipe.wake();
    }
  }

  @Override
  public ErrorTail errors() {
    return run.errors;
  }

  @Override
  public boolean awaitsClient() {
    return run.input.isWaiting();
  }

  // ---- the end ----

  @Override
  public Exit exit() {
    try {
      if (run.awaitOver(CLOSED_OUTPUT_NANOS)) {
        return new Exit(run.status());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Exit.RUNNING;
  }

  @Override
  public String exitNow() {
    if (abandoned) {
      return "abandoned";
    }
    if (stopped) {
      return "stopped";
    }
    return (run.isOver() ? new Exit(run.status()) : Exit.RUNNING).toString();
  }

  @Override
  public boolean wasStillWriting() {
    return false;
  }

  @Override
  public void detach() {
    detached = true;
    run.pipe.unwake();
    run.input.stop();
  }

  @Override
  public boolean finish(Duration time) throws IOException {
    long limit = TimeUnit.NANOSECONDS.convert(time);
    long start = System.nanoTime();
    try {
      while (run.pipe.read(Math.max(1, limit - (System.nanoTime() - start))) == Read.BLOCK) {
        // The output is read for nobody.
      }
      overdue = !run.awaitOver(Math.max(0, limit - (System.nanoTime() - start)));
      return !overdue;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      overdue = true;
      throw new InterruptedIOException("interrupted while the program worked on");
    }
  }

  @Override
  public void end() {
    if (ended) {
      return;
    }
    ended = true;
    boolean interrupted = Thread.interrupted();
    try {
      if (run.pipe.isEnded() && !overdue && !interrupted) {
        interrupted = !awaitOver();
      }
      if (!run.isOver()) {
        stopped = true;
        run.stop(TERMINATED);
      }
      abandoned = !instance.end(run, stopNanos);
      if (comparison != null && !stopped && !abandoned) {
        comparison.end(run.status());
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  Run run() {
    return run;
  }

  int status() {
    return run.status();
  }

  private boolean awaitOver() {
    try {
      boolean unused = run.awaitOver(EXIT_GRACE_NANOS);
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      end();
    } finally {
      run.input.stop();
    }
  }

  @Override
  public boolean wasTerminated() {
    return stopped;
  }

  @Override
  public boolean wasKilled() {
    return abandoned;
  }
}
