package dev.postern.testing;

import dev.postern.Headers;
import dev.postern.Outcome;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The response that a client got.
 *
 * <p>Immutable, thread-safe; the array of the body is not copied.
 */
public final class TestResponse {
  private final int status;
  private final Headers headers;
  private final byte[] body;
  private final boolean complete;
  private final @Nullable Outcome outcome;
  private final @Nullable String log;

  private TestResponse(
      int status,
      Headers headers,
      byte[] body,
      boolean complete,
      @Nullable Outcome outcome,
      @Nullable String log) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.complete = complete;
    this.outcome = outcome;
    this.log = log;
  }

  /**
   * Returns a response that came over a wire.
   *
   * @param complete whether the client could see that the response is whole
   */
  public static TestResponse of(int status, Headers headers, byte[] body, boolean complete) {
    return new TestResponse(status, headers, body, complete, null, null);
  }

  static TestResponse inMemory(
      int status, Headers headers, byte[] body, boolean complete, Outcome outcome, String log) {
    return new TestResponse(status, headers, body, complete, outcome, log);
  }

  /** Returns the status; 0 when no head came. */
  public int status() {
    return status;
  }

  /** Returns all headers that came, in order. */
  public Headers headers() {
    return headers;
  }

  /** Returns the value of the first header of that name, or null. */
  public @Nullable String header(String name) {
    return headers.get(name);
  }

  /** Returns all bytes of the body that came. */
  public byte[] body() {
    return body;
  }

  /** Returns the body as UTF-8. */
  public String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** Returns whether the client could see that it has the whole response. */
  public boolean isComplete() {
    return complete;
  }

  /**
   * Returns how the exchange ended.
   *
   * @throws IllegalStateException when the gateway was not in memory, so that the outcome is
   *     unknown here
   */
  public Outcome outcome() {
    if (outcome == null) {
      throw new IllegalStateException("outcome is known for a gateway in memory only");
    }
    return outcome;
  }

  /**
   * Returns what was written to {@code postern.errors}.
   *
   * @throws IllegalStateException when the gateway was not in memory, so that the log is unknown
   *     here
   */
  public String log() {
    if (log == null) {
      throw new IllegalStateException("log is known for a gateway in memory only");
    }
    return log;
  }

  @Override
  public String toString() {
    return "TestResponse["
        + status
        + ", "
        + headers
        + ", "
        + body.length
        + (complete ? " bytes, complete]" : " bytes, cut]");
  }
}
