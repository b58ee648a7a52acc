package dev.postern.process;

import java.io.IOException;

/**
 * Thrown when the system could not move bytes to or from a program. Neither the program nor the
 * client is to blame.
 */
public final class PipeException extends IOException {
  private static final long serialVersionUID = 1;

  /** Wraps what moving the bytes threw. */
  public PipeException(IOException cause) {
    super(cause.getMessage(), cause);
  }
}
