package dev.postern.fastcgi.wire;

import java.io.IOException;

/**
 * The peer sent bytes that are no FastCGI or SCGI, or more than a limit allows. After it nothing
 * else of that connection can be understood: who catches it closes the connection.
 */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * A broken rule.
   *
   * @param message {@code subject must rule: "value" [id]}
   */
  public ProtocolException(String message) {
    super(message);
  }
}
