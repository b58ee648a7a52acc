package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What FastCGI and SCGI do in different ways. */
public interface Dialect {
  /**
   * All that goes before the request's body.
   *
   * @param kept whether the connection is to be used again
   */
  byte[] head(Map<String, String> variables, boolean kept);

  /** Bytes that a part of the body needs before it. */
  int partHeader();

  /** Puts the header before a part of the body, or ends the body with one of no length. */
  void writePartHeader(ByteBuffer out, int length);

  /** Reads one response. */
  Decoder decoder(ErrorTail errors);

  /** One response, as its bytes come. Not thread-safe. */
  interface Decoder {
    /**
     * Takes bytes, and leaves what belongs to the program's output at their start.
     *
     * @return how many those are
     * @throws GatewayException with status 502 when they break the protocol
     */
    int decode(byte[] bytes, int length) throws GatewayException;

    /** Whether the response has ended by what the server said, or can end by no more bytes. */
    boolean isEnded();

    /** Whether the connection can be used for another request. */
    boolean isReusable();

    /** The server has closed the connection. */
    void closed(boolean cleanly);

    /** What is wrong with the response that has ended, or null. */
    @Nullable GatewayException cut();

    /** Whether the server has said that it did not begin with the request. */
    boolean isRefused();

    /** How the program ended, after the end. */
    Exit exit();
  }
}
