package dev.postern.process;

import dev.postern.GatewayException;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A program that runs for one request, whatever runs it. A host knows programs as this alone: a
 * process of the system is one ({@link HostedProcess}), and so may be a child of a server of
 * processes, or a program inside this JVM.
 *
 * <p>The thread of the request starts it, reads its output and closes it. It may hand it over to
 * another thread, by {@link #detach}, which then does the rest; and it may let another thread read
 * ahead, by {@link #keepBlock}, while it passes a block on. {@link #wake} may come from any thread.
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
   * @throws java.io.InterruptedIOException when the thread is interrupted, which it stays
   */
  Read read(Duration timeout) throws IOException;

  /** The bytes of the block. */
  byte[] bytes();

  /** How many bytes the block has. */
  int length();

  /** The block where the system has put it, outside the heap; null where it came to the heap. */
  default @Nullable ByteBuffer direct() {
    return null;
  }

  /**
   * Leaves the block that was read last, which is then no block of this program any more: its bytes
   * stay as they are, whatever is read later. Another thread may go on reading afterwards. Nothing
   * where there is no block.
   *
   * @return false where a program cannot do that; the block is what it was then
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
   * Whether the program has taken all that the client has sent of the request's body, and more of
   * it is still to come: what the program does not do then, it cannot do.
   */
  boolean awaitsClient();

  // ---- the end ----

  /**
   * How the program ended, once its output has. Waits for a program that is just ending, also where
   * it gets no processor to end on. One that only closed its output and lives on is {@link
   * Exit#RUNNING}, which is known in a fraction of a second.
   */
  Exit exit();

  /** How the program ended, or that it is running, without waiting: for a diagnosis. */
  String exitNow();

  /**
   * Whether the output may go on where reading stopped: the program had ended but its output had
   * not, and bytes were still coming, or could no longer be read.
   */
  boolean wasStillWriting();

  /**
   * What is wrong with an output that has ended but is not known to be whole; null when it is. What
   * it may lack counts only while the response is not complete by its Content-Length.
   */
  default @Nullable GatewayException cut() {
    return wasStillWriting()
        ? Refusal.of(502, "left-writing", "program must not leave others writing its response")
        : null;
  }

  /**
   * Leaves the request: its body is read no more, and {@link #wake} does nothing from here on. The
   * program's input stays open, so that it takes no part of a body for all of it. Returns when
   * nothing reads the body any more. Another thread may go on with the program afterwards.
   */
  void detach();

  /**
   * Lets the program work on to its end: reads its output for nobody, and waits for its exit.
   *
   * @return false when the time was over first; {@link #end} then gives it no other grace
   */
  boolean finish(Duration time) throws IOException;

  /**
   * Ends what still runs. A program whose output has ended gets its grace to end by itself;
   * otherwise, and afterwards, it and all that it has started get TERM, and 2 s later KILL. Returns
   * when the program has ended, whoever reads the request's body; {@link #close} is still to come.
   */
  void end();

  /**
   * {@link #end}, and lets go of all that the program had. Returns when nothing reads the request's
   * body any more, which a silent client can hold up for as long as its server lets it.
   */
  void close();

  /** Whether {@link #end} had to ask the program, or what it had left behind, to end. */
  boolean wasTerminated();

  /** Whether {@link #end} had to kill it. */
  boolean wasKilled();

  /**
   * What the run has left behind in a process that goes on, after {@link #close}; nothing for a
   * process that ended.
   */
  default List<String> left() {
    return List.of();
  }
}
