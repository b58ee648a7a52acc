package dev.postern.cgi;

import dev.postern.hosting.RunRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one run of a hosted program went. The host hands it to the listeners of {@link
 * CgiHostBuilder#onRun} once for each request for which it has chosen a program, even if it refused
 * the request before the program started.
 *
 * <p>Times come from {@link System#nanoTime}, so a change of the system's clock does not affect
 * them. Immutable, thread-safe.
 */
public final class CgiRun {
  private final RunRecord run;

  CgiRun(RunRecord run) {
    this.run = run;
  }

  /** The program's file. */
  public Path program() {
    return run.program();
  }

  /**
   * The status of the program's response, or the status of its failure; 0 when there was neither,
   * for example because the request was cancelled.
   */
  public int status() {
    return run.status();
  }

  /** How long the request waited for a place: see {@link ProcessLimit}. */
  public Duration queueTime() {
    return run.queueTime();
  }

  /**
   * How long the start of the program took, all tries together; null when none was started. A start
   * may have to wait up to 50 ms of this time while as many other programs as there are processors
   * are starting.
   */
  public @Nullable Duration startTime() {
    return run.startTime();
  }

  /**
   * How the program was started: {@code spawn} as a process of its own, {@code fork} as a child of
   * a server of a {@link WorkerGroup}, {@code reuse} in a worker of such a group, {@code inside}
   * this JVM; "" when it was not started.
   */
  public String start() {
    return run.start();
  }

  /**
   * Why a program that was delegated to a {@link WorkerGroup} was started as a process of its own;
   * "" when a worker ran it, or when it was not delegated.
   */
  public String coldReason() {
    return run.coldReason();
  }

  /**
   * From the start of the process to the first byte of its output; null when there was no output.
   */
  public @Nullable Duration firstByteTime() {
    return run.firstByteTime();
  }

  /** From the request's arrival here to the end of the program and all that it started. */
  public Duration totalTime() {
    return run.totalTime();
  }

  /** How many bytes of the request's body were read for the program. */
  public long bytesIn() {
    return run.bytesIn();
  }

  /** How many bytes of the program's output were read, its header block among them. */
  public long bytesOut() {
    return run.bytesOut();
  }

  /** How many bytes the program wrote on its standard error. */
  public long errorBytes() {
    return run.errorBytes();
  }

  /**
   * How the program ended, such as {@code exit 0} or {@code signal 9}; "" when nothing was started.
   * If the host ended the program, this is the signal that did it. {@code running} is a program
   * that even KILL has not ended yet. A {@link JavaProgram} may be {@code stopped}, or {@code
   * abandoned} when it could not be stopped.
   */
  public String exit() {
    return run.exit();
  }

  /**
   * The limits that the run has met; usually none. They are ids of refusals, such as {@code
   * process-limit}, {@code program-timeout} or {@code body-too-large}, and the following words.
   * {@code stderr}: the program wrote more errors than are kept. {@code term}: the host had to ask
   * the program, or what it had started, to end. {@code kill}: the host had to kill it. {@code
   * left:NAME}: a script of {@link WorkerMode#REUSE} has left something behind in its worker, such
   * as {@code left:$count}.
   */
  public Set<String> limits() {
    return run.limits();
  }

  /**
   * What went wrong, or null. This is a {@link dev.postern.GatewayException} with its diagnosis, or
   * whatever else ended the request, such as a failed write to a client that was gone.
   */
  public @Nullable Throwable failure() {
    return run.failure();
  }

  /**
   * The id of the rule that was broken, as in {@link Refusals}; {@code cancelled}, {@code
   * interrupted} or {@code aborted} for requests that others ended; "" when all went well.
   */
  public String rule() {
    return run.rule();
  }

  /** What the run was given and what it wrote; null unless {@link HostBuilder#keepRuns} was set. */
  public @Nullable KeptRun kept() {
    return run.tape() == null ? null : new KeptRun(run.tape());
  }

  /** All facts but the failure's text, in one line. */
  @Override
  public String toString() {
    return "CgiRun["
        + run.program().getFileName()
        + ", status "
        + run.status()
        + ", queue "
        + run.queueTime()
        + ", start "
        + run.startTime()
        + ", first byte "
        + run.firstByteTime()
        + ", total "
        + run.totalTime()
        + ", in "
        + run.bytesIn()
        + ", out "
        + run.bytesOut()
        + (start().isEmpty() ? "" : ", by " + start())
        + (coldReason().isEmpty() ? "" : " as " + coldReason())
        + (exit().isEmpty() ? "" : ", " + exit())
        + (limits().isEmpty() ? "" : ", limits " + limits())
        + (rule().isEmpty() ? "" : ", [" + rule() + "]")
        + "]";
  }
}
