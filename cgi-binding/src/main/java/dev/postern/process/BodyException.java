package dev.postern.process;

import java.io.IOException;

/**
 * The request's body could not be read, for which neither the program nor the system is to blame.
 */
public final class BodyException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient IOException failure;

  /** What reading the body threw. */
  public BodyException(IOException failure) {
    super(failure.getMessage(), failure);
    this.failure = failure;
  }

  /** What reading it threw. */
  public IOException failure() {
    return failure;
  }
}
