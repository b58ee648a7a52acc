package dev.postern.process;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A process that is there for a request: a child that a fork server has made for it, or a worker
 * whose turn it is. It waits for its request, and runs nothing before. It holds its pipes open, so
 * that whoever knows their numbers can open them by {@code /proc/PID/fd}.
 *
 * @param pid the number of the process, which leads a session of its own
 * @param parent the number of its parent; {@code pid} surely belongs to this process only while the
 *     parent lives
 * @param input the process's descriptor of the pipe that its input comes from
 * @param output the process's descriptor of the pipe that its output goes to
 * @param errors the process's descriptor of the pipe that its standard error goes to
 * @param control the process's descriptor of the pipe that its request is written into
 * @param turn for a worker, what tells how the worker ended the request; null for a child, which
 *     ends with the request
 * @param reap for a process that its parent keeps, what asks the parent how the process, which has
 *     ended, ended. Null if the parent does not say. Null for all others
 * @param forget called once with the number of the process when nobody asks about it any more. The
 *     parent of a child then lets the kernel forget the child
 */
public record ForkedChild(
    long pid,
    long parent,
    int input,
    int output,
    int errors,
    int control,
    @Nullable CompletableFuture<TurnEnd> turn,
    LongConsumer forget,
    @Nullable LongFunction<@Nullable Integer> reap) {
  /** The code of {@link Exit} of a process that SIGKILL has ended. */
  private static final int KILLED = 128 + 9;

  /** A process whose parent need not say how it ended. */
  public ForkedChild(
      long pid,
      long parent,
      int input,
      int output,
      int errors,
      int control,
      @Nullable CompletableFuture<TurnEnd> turn,
      LongConsumer forget) {
    this(pid, parent, input, output, errors, control, turn, forget, null);
  }

  /** See {@link Pipes#file}. */
  Path file(int descriptor) {
    return Pipes.file(pid, descriptor);
  }

  /**
   * Whether the caller may kill the process. A worker that has ended this request may serve another
   * one already, so this ends the turn of a worker, which then reports another end in vain. Only
   * the first caller may kill a worker.
   */
  boolean claim() {
    return turn == null || turn.complete(new TurnEnd(KILLED));
  }

  /** Ends a process that has not begun its request. */
  public void discard() {
    try {
      if (claim()) {
        // While the parent lives and has not been told to forget the process, the number is not
        // reused. Without its parent the process ends by itself.
        ProcessHandle.of(pid)
            .filter(own -> own.parent().filter(p -> p.pid() == parent).isPresent())
            .ifPresent(ProcessHandle::destroyForcibly);
      }
    } finally {
      forget.accept(pid);
    }
  }
}
