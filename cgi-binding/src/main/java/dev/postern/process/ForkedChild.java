package dev.postern.process;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A process that is there for a request: a child that a fork server has made for it, or a worker
 * whose turn it is. It waits for its request, and runs nothing before. It holds both ends of its
 * four pipes, so that whoever knows their numbers can open them by {@code /proc/PID/fd}.
 *
 * @param pid the process, which leads a session of its own
 * @param parent whose child it is: only as long as that lives, the number is surely its own
 * @param input the number of the end of its input that is written
 * @param output the number of the end of its output that is read
 * @param errors the number of the end of its standard error that is read
 * @param control the number of the end of the pipe that its request is written into
 * @param status the number of the pipe whose end says that the program runs, and whose bytes say
 *     why it does not; -1 for one that runs when it has taken its request
 * @param turn for a worker, what tells how it ended the request; null for a child, which ends
 *     itself
 * @param ended tells how the process ended, as wait(2) does, or null while it runs: of one whose
 *     parent reaps it at once. Null for one that its parent keeps as a zombie
 * @param forget called once with the number of a process that nobody asks about any more: the
 *     parent of a child then lets the kernel forget it
 */
public record ForkedChild(
    long pid,
    long parent,
    int input,
    int output,
    int errors,
    int control,
    int status,
    @Nullable CompletableFuture<TurnEnd> turn,
    LongConsumer forget,
    @Nullable LongFunction<@Nullable Integer> ended) {
  /** One that runs when it has taken its request. */
  public ForkedChild(
      long pid,
      long parent,
      int input,
      int output,
      int errors,
      int control,
      @Nullable CompletableFuture<TurnEnd> turn,
      LongConsumer forget) {
    this(pid, parent, input, output, errors, control, -1, turn, forget, null);
  }

  /** An open file of the process. Opening an anonymous pipe there never blocks. */
  Path file(int descriptor) {
    return Path.of("/proc", Long.toString(pid), "fd", Integer.toString(descriptor));
  }

  /** Ends one that has not begun. */
  public void discard() {
    try {
      // Its parent has not been told to forget it. One without its parent ends by itself.
      ProcessHandle.of(pid)
          .filter(own -> own.parent().filter(p -> p.pid() == parent).isPresent())
          .ifPresent(ProcessHandle::destroyForcibly);
    } finally {
      forget.accept(pid);
    }
  }
}
