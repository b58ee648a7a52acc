package dev.postern.cgi;

import dev.postern.warm.ServerEvent;
import java.nio.file.Path;
import java.time.Instant;

/**
 * How a program of a {@link WorkerGroup} stands, or what has just become of it.
 *
 * @param program the program's file
 * @param mode how its workers run it
 * @param state {@code cold}: a process of its own answers each request; {@code loading}, {@code
 *     ready}; {@code recycled}: a worker takes no more requests; {@code ended}
 * @param pid the worker's process; 0 for none
 * @param generation which of the program's workers it is, from 1 on
 * @param requests how many requests it was given
 * @param begun when it was started; the epoch for none
 * @param memory what it has for itself and shares with its children, in bytes (RSS); 0 for none
 * @param why why the program is cold, or its worker was recycled; for a ready one why it loads
 *     libraries alone; "" where there is nothing to say
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
