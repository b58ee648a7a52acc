package dev.postern.hosting;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** One run of a hosted program, for JDK Flight Recorder: what {@link RunRecord} tells. */
@Name(RunEvent.NAME)
@Label("Program Run")
@Category("Postern")
@Description("One run of a hosted CGI program")
@StackTrace(false)
@SuppressWarnings("unused") // Read by the recorder.
final class RunEvent extends Event {
  static final String NAME = "dev.postern.ProgramRun";

  @Label("Program")
  private @Nullable String program;

  @Label("Status")
  private int status;

  @Label("Queue Time")
  @Timespan(Timespan.NANOSECONDS)
  private long queueTime;

  @Label("Start Time Taken")
  @Description("Minimum value when no process was started")
  @Timespan(Timespan.NANOSECONDS)
  private long startTaken;

  @Label("First Byte Time")
  @Description("Minimum value when there was no output")
  @Timespan(Timespan.NANOSECONDS)
  private long firstByteTime;

  @Label("Total Time")
  @Timespan(Timespan.NANOSECONDS)
  private long totalTime;

  @Label("Bytes In")
  @DataAmount
  private long bytesIn;

  @Label("Bytes Out")
  @DataAmount
  private long bytesOut;

  @Label("Error Bytes")
  @DataAmount
  private long errorBytes;

  @Label("Start")
  @Description("How the program was started: spawn or fork")
  private @Nullable String start;

  @Label("Cold Reason")
  @Description("Why a delegated program was started as a process of its own")
  private @Nullable String coldReason;

  @Label("Exit")
  private @Nullable String exit;

  @Label("Limits")
  private @Nullable String limits;

  @Label("Rule")
  private @Nullable String rule;

  @Label("Failure")
  private @Nullable String failure;

  private RunEvent() {}

  /** An event that has begun; null when nobody records it. */
  static @Nullable RunEvent begun() {
    RunEvent event = new RunEvent();
    if (!event.isEnabled()) {
      return null;
    }
    event.begin();
    return event;
  }

  void commit(RunRecord run) {
    end();
    if (!shouldCommit()) {
      return;
    }
    program = run.program().toString();
    status = run.status();
    queueTime = run.queueTime().toNanos();
    startTaken = run.startTime() == null ? Long.MIN_VALUE : run.startTime().toNanos();
    firstByteTime = run.firstByteTime() == null ? Long.MIN_VALUE : run.firstByteTime().toNanos();
    totalTime = run.totalTime().toNanos();
    bytesIn = run.bytesIn();
    bytesOut = run.bytesOut();
    errorBytes = run.errorBytes();
    exit = run.exit();
    start = run.start();
    coldReason = run.coldReason();
    limits = String.join(" ", run.limits());
    rule = run.rule();
    failure = run.failure() == null ? null : run.failure().toString();
    commit();
  }
}
