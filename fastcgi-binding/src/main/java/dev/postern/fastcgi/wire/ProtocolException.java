package dev.postern.fastcgi.wire;

import java.io.IOException;

/**
 * The peer sent bytes that are no FastCGI or SCGI, or more than a limit allows. Nothing that
 * follows on the connection can be understood, so whoever catches this closes the connection.
 */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1;

  /**
   * The failure of a broken rule.
   *
   * @param message {@code subject must rule: "value" [id]}
   */
  public ProtocolException(String message) {
    super(message);
  }
}
