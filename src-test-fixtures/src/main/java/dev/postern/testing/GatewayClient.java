package dev.postern.testing;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/**
 * How a {@link GatewayContract} talks to a gateway: whatever carries a request to it and its
 * response back. {@link HttpGatewayClient} is one for gateways behind a socket.
 *
 * <p>Thread-safe: the contract sends requests at the same time.
 */
public interface GatewayClient extends Closeable {
  /**
   * Sends a request and reads the response to its end, also while the request is still being sent.
   *
   * @throws IOException when there is no response that could be read; one that is cut is no
   *     exception
   */
  TestResponse send(TestRequest request) throws IOException;

  /**
   * Sends the head of a request, and leaves its body and the response to the conversation. A body
   * in the request only says its length. Needed for {@link Capability#STREAMED_RESPONSE} and those
   * beside it.
   */
  default Conversation open(TestRequest request) throws IOException {
    throw new UnsupportedOperationException("client cannot read a response while it comes");
  }

  /**
   * All that the gateway wrote to its log, {@code postern.errors}, until now. Needed for {@link
   * Capability#LOG}.
   */
  default String log() throws IOException {
    throw new UnsupportedOperationException("client cannot see the log");
  }

  /**
   * This client, which throws an IOException where a server is silent for longer. {@link
   * GatewayContract} calls this once, with its own wait. By default the client returns itself: the
   * contract ends what hangs in it, but later and without the client's reason.
   *
   * @param silence positive
   */
  default GatewayClient waiting(Duration silence) {
    return this;
  }

  /** Ends the gateway that was started for this client. Called once. */
  @Override
  default void close() throws IOException {}

  /**
   * One request and its response, step by step. Not thread-safe; a thread may write while one
   * reads.
   */
  interface Conversation extends Closeable {
    /** Sends the next bytes of the request's body at once. */
    void write(byte[] bytes) throws IOException;

    /** Ends the sending side, whether or not the body was whole; the response can still come. */
    void endRequest() throws IOException;

    /** Waits for the head of the response, and returns its status. */
    int status() throws IOException;

    /**
     * Waits for exactly so many bytes of the body.
     *
     * @throws java.io.EOFException when it ends before
     */
    byte[] read(int count) throws IOException;

    /** Reads to the end; the body of what is returned is what was not read before. */
    TestResponse finish() throws IOException;

    /** Leaves: where the response is not at its end, its gateway finds that nobody reads it. */
    @Override
    void close() throws IOException;
  }
}
