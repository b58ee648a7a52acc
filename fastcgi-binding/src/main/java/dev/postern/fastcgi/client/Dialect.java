package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The differences between FastCGI and SCGI for a client. */
public interface Dialect {
  /**
   * All bytes before the request's body.
   *
   * @param kept whether the connection will be used again
   */
  byte[] head(Map<String, String> variables, boolean kept);

  /** How many bytes of header come before each part of the body. */
  int partHeader();

  /** Writes the header of a part of the body. A length of 0 ends the body. */
  void writePartHeader(ByteBuffer out, int length);

  /** A new decoder for one response. */
  Decoder decoder(ErrorTail errors);

  /** Decodes one response as its bytes come. Not thread-safe. */
  interface Decoder {
    /**
     * Decodes bytes in place. The bytes of the program's output are at the start of the array
     * afterwards.
     *
     * @return how many bytes of output there are
     * @throws GatewayException with status 502 when the bytes break the protocol
     */
    int decode(byte[] bytes, int length) throws GatewayException;

    /** Whether the response has ended, or was cut so that no more bytes can complete it. */
    boolean isEnded();

    /** Whether the connection can be used for another request. */
    boolean isReusable();

    /** Called when the server has closed the connection. */
    void closed(boolean cleanly);

    /** What is wrong with the response that has ended, or null. */
    @Nullable GatewayException cut();

    /** Whether the server has said that it did not begin the request. */
    boolean isRefused();

    /** How the program ended, after the end. */
    Exit exit();
  }
}
