package dev.postern.cgi;

import dev.postern.hosting.RunRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one run of a hosted program went. Handed to the listeners of {@link CgiHostBuilder#onRun},
 * once for each request for which a program was chosen, also where it was refused before the
 * program started.
 *
 * <p>Times are of {@link System#nanoTime}, so that no change of the clock touches them. Immutable,
 * thread-safe.
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
   * The status of the program's response, or the one that its failure maps to; 0 when there was
   * neither, as with a request that was cancelled.
   */
  public int status() {
    return run.status();
  }

  /** How long the request waited for a place: see {@link ProcessLimit}. */
  public Duration queueTime() {
    return run.queueTime();
  }

  /**
   * What the start of the process took, all tries together, with up to 50 ms in which as many
   * others as there are processors were beginning; null when none was started.
   */
  public @Nullable Duration startTime() {
    return run.startTime();
  }

  /**
   * How the program was started: {@code spawn} as a process of its own, {@code fork} as a child of
   * a {@link WorkerGroup}'s server, {@code reuse} in a worker of one, {@code inside} this JVM; ""
   * when it was not started.
   */
  public String start() {
    return run.start();
  }

  /**
   * Why a program that was delegated to a {@link WorkerGroup} was started as a process of its own;
   * "" for one that was not delegated, or was not.
   */
  public String coldReason() {
    return run.coldReason();
  }

  /** From the start of the process to the first byte of its output; null when there was none. */
  public @Nullable Duration firstByteTime() {
    return run.firstByteTime();
  }

  /** From the request's arrival here to the end of the program and all that it started. */
  public Duration totalTime() {
    return run.totalTime();
  }

  /** How many bytes of the request's body were taken for the program. */
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
   * {@code exit 0}, {@code signal 9}, {@code stopped} or {@code abandoned} for a {@link
   * JavaProgram} that was stopped, or could not be, or "" when no process was started. A program
   * that this host has ended shows the signal that did it; {@code running} is one that even KILL
   * has not ended yet.
   */
  public String exit() {
    return run.exit();
  }

  /**
   * The limits that the run has met: the ids of refusals such as {@code process-limit}, {@code
   * program-timeout} or {@code body-too-large}; {@code stderr} when more came than is kept, {@code
   * term} when the program or what it had started had to be asked to end, and {@code kill} when it
   * had to be killed; {@code left:NAME} for what a script of {@link WorkerMode#REUSE} has left
   * behind in its worker, such as {@code left:$count}. Empty as a rule.
   */
  public Set<String> limits() {
    return run.limits();
  }

  /**
   * What went wrong, or null: a {@link dev.postern.GatewayException} with its diagnosis, or
   * whatever ended the request, such as the write to a client that was gone.
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

  /** All but the failure's text, in a line. */
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
