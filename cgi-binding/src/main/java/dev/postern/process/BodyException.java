package dev.postern.process;

import java.io.IOException;

/**
 * Thrown when the request's body cannot be read. Neither the program nor the system is to blame.
 */
public final class BodyException extends IOException {
  private static final long serialVersionUID = 1;

  private final transient IOException failure;

  /** Wraps what reading the body threw. */
  public BodyException(IOException failure) {
    super(failure.getMessage(), failure);
    this.failure = failure;
  }

  /** What reading the body threw. */
  public IOException failure() {
    return failure;
  }
}
