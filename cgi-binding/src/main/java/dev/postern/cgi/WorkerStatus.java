package dev.postern.cgi;

import dev.postern.warm.ServerEvent;
import java.nio.file.Path;
import java.time.Instant;

/**
 * The state of a program in a {@link WorkerGroup}, or the change that has just happened to it.
 *
 * @param program the program's file
 * @param mode how its workers run it
 * @param state {@code cold}: a process of its own answers each request; {@code loading}, {@code
 *     ready}; {@code recycled}: a worker takes no more requests; {@code ended}
 * @param pid the worker's process; 0 for none
 * @param generation the number of this worker among the program's workers, from 1 on
 * @param requests how many requests the worker was given
 * @param begun when the worker was started; the epoch for none
 * @param memory the worker's memory, with what it shares with its children, in bytes (RSS); 0 for
 *     none
 * @param why why the program is cold, or why its worker was recycled; for a ready worker, why it
 *     loads only libraries; "" when there is nothing to say
 */
public record WorkerStatus(
    Path program,
    WorkerMode mode,
    String state,
    long pid,
    int generation,
    long requests,
    Instant begun,
    long memory,
    String why) {
  static WorkerStatus of(ServerEvent event, WorkerMode mode) {
    return new WorkerStatus(
        event.program(),
        mode,
        event.state(),
        event.pid(),
        event.generation(),
        event.requests(),
        event.begun(),
        event.memory(),
        event.why());
  }
}
