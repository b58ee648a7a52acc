package dev.postern.cgi;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A change of a worker for JDK Flight Recorder, with the facts of {@link WorkerStatus}. */
@Name(WorkerEvent.NAME)
@Label("Worker")
@Category("Postern")
@Description("A worker of a hosted program was loaded, recycled or ended, or was refused")
@StackTrace(false)
@SuppressWarnings("unused") // Read by the recorder.
final class WorkerEvent extends Event {
  static final String NAME = "dev.postern.Worker";

  @Label("Group")
  private @Nullable String group;

  @Label("Program")
  private @Nullable String program;

  @Label("State")
  private @Nullable String state;

  @Label("Process")
  private long pid;

  @Label("Generation")
  private int generation;

  @Label("Requests")
  private long requests;

  @Label("Memory")
  @DataAmount
  private long memory;

  @Label("Why")
  private @Nullable String why;

  private WorkerEvent() {}

  static void commit(String group, WorkerStatus status) {
    WorkerEvent event = new WorkerEvent();
    if (!event.isEnabled()) {
      return;
    }
    event.group = group;
    event.program = status.program().toString();
    event.state = status.state();
    event.pid = status.pid();
    event.generation = status.generation();
    event.requests = status.requests();
    event.memory = status.memory();
    event.why = status.why();
    event.commit();
  }
}
