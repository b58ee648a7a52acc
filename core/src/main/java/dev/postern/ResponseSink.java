package dev.postern;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where a binding sends one response. An {@link Exchange} calls it on the request's thread, in this
 * order: {@code head} once, {@code write} and {@code flush} any number of times, then {@code
 * finish} or {@code abort} once. {@code abort} may also come first, or after any of the others
 * threw.
 *
 * <p>The engine has decided everything about HTTP before: which headers, whether there is a body,
 * how many bytes. It holds small writes back, so a sink needs no buffer of its own; it may keep the
 * head until the first {@code write}, {@code flush} or {@code finish}.
 *
 * <p>A method that throws says one of two things:
 *
 * <ul>
 *   <li>{@link IOException}: the peer is gone. The exchange is cancelled with that exception, and
 *       nothing is logged.
 *   <li>{@link RuntimeException} or {@link Error}: this response cannot be sent, such as a head
 *       that is too large for the container. The exception is logged. If {@code head} has thrown it
 *       or {@link #reset} returns true, nothing went out, and the exchange calls {@code head} again
 *       for a small 500. Otherwise the exchange aborts the response.
 * </ul>
 *
 * <p>Early hints and trailers are for a sink whose protocol has them: {@link #earlyHints} may come
 * before {@code head}, and {@link #trailers} once before {@code finish}. A later version of this
 * interface may add more default methods. A sink of today will still work.
 *
 * <p>Confined to one request.
 */
public interface ResponseSink {
  /**
   * The status and headers. {@code Content-Length} is among them when the length is known; if it is
   * missing and the response has a body, the binding frames the body. If {@code head} throws, it
   * must have sent nothing.
   */
  void head(int status, Headers headers) throws IOException;

  /** The next bytes of the body. The array belongs to the caller again when this returns. */
  void write(byte[] bytes, int offset, int length) throws IOException;

  /**
   * Writes the next bytes of the body: all that remain of this block, which may lie outside the
   * heap. Implement this if your sink can hand such a block on without a copy; by default the bytes
   * are copied for {@link #write(byte[], int, int)}. The block belongs to the caller again when
   * this returns.
   */
  default void write(ByteBuffer block) throws IOException {
    byte[] bytes = new byte[block.remaining()];
    block.get(bytes);
    write(bytes, 0, bytes.length);
  }

  /**
   * Whether {@link #write(ByteBuffer)} hands a block outside the heap on without a copy, so that it
   * pays to read a file into such a block; by default false.
   */
  default boolean isDirect() {
    return false;
  }

  /** Returns when all bytes so far are handed to the operating system or the container. */
  void flush() throws IOException;

  /**
   * Forgets the head that was given. Called after {@code write}, {@code flush} or {@code finish}
   * has thrown anything but an IOException, and before another {@code head}.
   *
   * @return false, as by default, when some of the head or the body may have gone out already
   */
  default boolean reset() {
    return false;
  }

  /**
   * Sends 103 (Early Hints, RFC 8297) at once. By default this does nothing.
   *
   * @param headers without fields that are the gateway's
   */
  default void earlyHints(Headers headers) throws IOException {}

  /**
   * Whether {@link #trailers} would send fields behind the body of this response; by default false.
   * Asked before {@link #head} or after it, for a response that has a body without a
   * Content-Length.
   */
  default boolean takesTrailers() {
    return false;
  }

  /**
   * The fields behind the body (RFC 9110 6.5). Called after the last {@code write} if {@link
   * #takesTrailers} and there are such fields.
   */
  default void trailers(Headers fields) throws IOException {}

  /** Called when the response is whole. */
  void finish() throws IOException;

  /**
   * Called when the response cannot be completed. What was sent must look cut to the client where
   * the protocol allows it (RFC 9112 8): no last chunk, the connection closed. Must not throw.
   *
   * @param cause why
   */
  void abort(Throwable cause);
}
