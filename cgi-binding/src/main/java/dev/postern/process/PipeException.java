package dev.postern.process;

import java.io.IOException;

/**
 * The system could not move bytes to or from a program, for which neither the program nor the
 * client is to blame.
 */
public final class PipeException extends IOException {
  private static final long serialVersionUID = 1;

  /** What moving the bytes threw. */
  public PipeException(IOException cause) {
    super(cause.getMessage(), cause);
  }
}
