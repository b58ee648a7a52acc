package dev.postern.process;

import dev.postern.GatewayException;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A program that runs for one request, whatever runs it. A host knows programs only as this. A
 * process of the system is one ({@link HostedProcess}), and so may be a child of a server of
 * processes, or a program inside this JVM.
 *
 * <p>The thread of the request starts the program, reads its output and closes it. By {@link
 * #detach}, that thread may hand the program over to another thread, which then does the rest. By
 * {@link #keepBlock}, that thread may let another one read ahead while it passes a block on. {@link
 * #wake} may come from any thread.
 */
public interface RunningProgram {
  /** What came of waiting for output. */
  enum Read {
    /** There is a block: see {@link #bytes} and {@link #length}. */
    BLOCK,
    /** The output has ended, or reading stopped as {@link #wasStillWriting} explains. */
    END,
    /** Nothing came in time. */
    TIMEOUT,
    /** {@link #wake} was called. */
    WOKEN
  }

  /**
   * What was executed. It ends with the command that was to be started; helpers of this package may
   * stand before that.
   */
  List<String> command();

  /**
   * The process that leads the program's session; 0 for a program that is no process of this
   * system. Any thread.
   */
  default long pid() {
    return 0;
  }

  // ---- output ----

  /**
   * Waits for the next block of output, which stays valid until the next call.
   *
   * @throws PipeException when the output cannot be read, or the body cannot be passed on
   * @throws BodyException when the request's body cannot be read
   * @throws java.io.InterruptedIOException when the thread is interrupted; it stays interrupted
   */
  Read read(Duration timeout) throws IOException;

  /** The bytes of the block. */
  byte[] bytes();

  /** How many bytes the block has. */
  int length();

  /** The block where the system has put it, outside the heap; null if it is in the heap only. */
  default @Nullable ByteBuffer direct() {
    return null;
  }

  /**
   * Takes the block that was read last away from this program. Its bytes then stay as they are,
   * whatever is read later, and another thread may go on reading. Does nothing if there is no
   * block.
   *
   * @return false if this program cannot do that; the block then stays valid only until the next
   *     read
   */
  default boolean keepBlock() {
    return false;
  }

  /** Whether more output is waiting already. */
  boolean hasMore();

  /** Makes the current and every later {@link #read} return. Any thread, also after the end. */
  void wake();

  /** What the program wrote on its standard error so far. */
  ErrorTail errors();

  // ---- input ----

  /**
   * Whether the program has taken all that the client has sent of the request's body, and more is
   * still to come. The program may then be unable to go on until the client sends more.
   */
  boolean awaitsClient();

  // ---- the end ----

  /**
   * How the program ended. Called when its output has ended. Waits for a program that is just
   * ending, even if it gets no processor for that. A program that only closed its output and lives
   * on is {@link Exit#RUNNING}; this is known in a fraction of a second.
   */
  Exit exit();

  /** How the program ended, or that it is running. For a diagnosis; does not wait. */
  String exitNow();

  /**
   * Whether output may be missing after the point where reading stopped. The program had ended but
   * its output had not, and bytes were still coming, or could no longer be read.
   */
  boolean wasStillWriting();

  /**
   * The failure of an output that has ended but may not be whole; null when it is whole. The
   * failure counts only if the response is not complete by its Content-Length.
   */
  default @Nullable GatewayException cut() {
    return wasStillWriting()
        ? Refusal.of(502, "left-writing", "program must not leave others writing its response")
        : null;
  }

  /**
   * Leaves the request. Nobody reads its body any more, and {@link #wake} does nothing from here
   * on. The program's input stays open, so that the program does not take part of a body for the
   * whole. Returns when nothing reads the body any more. Another thread may go on with the program
   * afterwards.
   */
  void detach();

  /**
   * Lets the program work on to its end. Reads its output and drops it, and waits for its exit.
   *
   * @return false when the time was over first; {@link #end} then gives the program no other grace
   */
  boolean finish(Duration time) throws IOException;

  /**
   * Ends what still runs. A program whose output has ended gets a grace to end by itself. If it
   * does not end, or its output has not ended, it and all that it has started get TERM, and 2 s
   * later KILL. Returns when the program has ended, even if the request's body is still being read.
   * The caller must still call {@link #close}.
   */
  void end();

  /**
   * Calls {@link #end}, and releases all that the program had. Returns when nothing reads the
   * request's body any more. A silent client can delay that for as long as its server lets it.
   */
  void close();

  /** Whether {@link #end} had to ask the program, or what it had left behind, to end. */
  boolean wasTerminated();

  /** Whether {@link #end} had to kill it. */
  boolean wasKilled();

  /**
   * What the run has left behind in a process that goes on; empty for a process that ended. Called
   * after {@link #close}.
   */
  default List<String> left() {
    return List.of();
  }
}
