package dev.postern;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A peer or a program broke a rule, or a request cannot be passed on. The exception carries the
 * status for the client. The client gets that status with a fixed text; the message and the
 * diagnosis go to {@code postern.errors} and to the {@link Outcome}. An {@link Exchange} also finds
 * a GatewayException among the causes of another exception.
 *
 * <p>Gateways and hosts throw it. An application throws an {@link HttpException}.
 *
 * <p>Immutable, except for what can change in every Throwable.
 */
public final class GatewayException extends IOException {
  private static final long serialVersionUID = 1;

  private final int status;
  private final transient Headers headers;
  private final transient @Nullable Diagnosis diagnosis;

  /**
   * A failure that maps to a status.
   *
   * @param status 400 to 599
   * @param message {@code subject must rule: "value" [id]}, for the log
   */
  public GatewayException(int status, String message) {
    this(status, message, Headers.of(), null, null);
  }

  /**
   * A failure that maps to a status and some headers, such as {@code Allow} of a 405 or {@code
   * Retry-After} of a 503.
   *
   * @param status 400 to 599
   * @param message {@code subject must rule: "value" [id]}, for the log
   * @param diagnosis what a host of programs knows about the failure; null from everybody else
   */
  public GatewayException(
      int status,
      String message,
      Headers headers,
      @Nullable Diagnosis diagnosis,
      @Nullable Throwable cause) {
    super(message, cause);
    StatusError.check(status);
    this.status = status;
    this.headers = headers;
    this.diagnosis = diagnosis;
  }

  /** The status that the client gets while nothing has been sent: 400 to 599. */
  public int status() {
    return status;
  }

  /** Headers that belong to the status; empty for most. */
  public Headers headers() {
    return headers == null ? Headers.of() : headers;
  }

  /** What is known about the bytes and the program behind the failure, or null. */
  public @Nullable Diagnosis diagnosis() {
    return diagnosis;
  }

  /**
   * What a refused peer or program did. All texts are escaped and cut; none may reach a client.
   *
   * @param rule the id of the rule that was broken
   * @param offset where in the peer's output, in bytes from its start; -1 when the rule is not
   *     about a place in it
   * @param excerpt the bytes around the offset, or ""
   * @param stderr the end of what the program wrote on its standard error, or ""
   * @param exit how the program ended, such as {@code exit 3}, {@code signal 9} or {@code running};
   *     or ""
   */
  public record Diagnosis(String rule, long offset, String excerpt, String stderr, String exit) {
    /** One line for a log: the parts that are known. */
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder("rule ").append(rule);
      if (offset >= 0) {
        text.append(", at byte ").append(offset).append(" near \"").append(excerpt).append('"');
      }
      if (!exit.isEmpty()) {
        text.append(", ").append(exit);
      }
      if (!stderr.isEmpty()) {
        text.append(", stderr ends \"").append(stderr).append('"');
      }
      return text.toString();
    }
  }
}
