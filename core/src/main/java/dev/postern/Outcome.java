package dev.postern;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How an exchange ended. {@link Exchange#run} returns it, and {@link Environ#onFinish} hands it on
 * after the body was closed.
 *
 * <p>Immutable, thread-safe.
 */
public final class Outcome {
  private final int status;
  private final long bytes;
  private final boolean complete;
  private final @Nullable Throwable failure;
  private final Map<String, Object> facts;

  Outcome(
      int status,
      long bytes,
      boolean complete,
      @Nullable Throwable failure,
      Map<String, Object> facts) {
    this.status = status;
    this.bytes = bytes;
    this.complete = complete;
    this.failure = failure;
    this.facts = Map.copyOf(facts);
  }

  /**
   * An outcome, for tests of hooks of {@link Environ#onFinish}.
   *
   * @param status that was sent, or 0
   * @param bytes of the body that were handed on
   * @param complete whether the response was whole
   * @param failure what went wrong, or null
   */
  public static Outcome of(int status, long bytes, boolean complete, @Nullable Throwable failure) {
    return new Outcome(status, bytes, complete, failure, Map.of());
  }

  /** An outcome with facts, for tests. */
  public static Outcome of(
      int status,
      long bytes,
      boolean complete,
      @Nullable Throwable failure,
      Map<String, Object> facts) {
    return new Outcome(status, bytes, complete, failure, facts);
  }

  /** The status that was sent, the engine's own 500 included; 0 when no head went out. */
  public int status() {
    return status;
  }

  /** How many bytes of the body were handed to the peer. */
  public long bytes() {
    return bytes;
  }

  /** Whether the client was sent a whole response. An error page is a whole response, too. */
  public boolean complete() {
    return complete;
  }

  /**
   * What went wrong, or null. It is the exception of the application (also if the client got an
   * error page for it), the exception of the connection if the client was gone, the cause of a
   * cancellation, or the exception that closing the body threw.
   */
  public @Nullable Throwable failure() {
    return failure;
  }

  /**
   * What bindings and applications added by {@link Environ#report}, such as how a hosted program
   * ended.
   */
  public Map<String, Object> facts() {
    return facts;
  }

  @Override
  public String toString() {
    return "Outcome["
        + status
        + ", "
        + bytes
        + (complete ? " bytes, complete" : " bytes, incomplete")
        + (failure == null ? "" : ", " + failure.getClass().getName())
        + "]";
  }
}
