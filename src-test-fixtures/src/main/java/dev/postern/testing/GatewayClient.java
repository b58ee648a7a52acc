package dev.postern.testing;

import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;

/**
 * Carries requests of a {@link GatewayContract} to a gateway, and its responses back. {@link
 * HttpGatewayClient} is a client for gateways behind a socket.
 *
 * <p>Thread-safe: the contract sends requests at the same time.
 */
public interface GatewayClient extends Closeable {
  /**
   * Sends a request and reads the response to its end, also while the request is still being sent.
   *
   * @throws IOException when there is no response that could be read; a response that is cut throws
   *     nothing
   */
  TestResponse send(TestRequest request) throws IOException;

  /**
   * Sends the head of a request. The conversation then sends the body and reads the response. A
   * body in the request only says its length. Needed for {@link Capability#STREAMED_RESPONSE} and
   * those beside it.
   */
  default Conversation open(TestRequest request) throws IOException {
    throw new UnsupportedOperationException("client cannot read a response while it comes");
  }

  /**
   * Returns all that the gateway wrote to its log, {@code postern.errors}, until now. Needed for
   * {@link Capability#LOG}.
   */
  default String log() throws IOException {
    throw new UnsupportedOperationException("client cannot see the log");
  }

  /**
   * Returns a client that throws an {@link java.io.InterruptedIOException} if a server is silent
   * for longer. A gateway may break a connection off in some cases of {@link GatewayContract}, so
   * any other IOException can be its answer there. The contract calls this once, with its own wait.
   * By default the client returns itself. The contract then still ends a request that hangs, but
   * later and without the client's reason.
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
     * @throws java.io.EOFException when the body ends before
     */
    byte[] read(int count) throws IOException;

    /** Reads the response to its end. The body of the result is what was not read before. */
    TestResponse finish() throws IOException;

    /** Leaves. If the response is not at its end, the gateway finds that nobody reads it. */
    @Override
    void close() throws IOException;
  }
}
