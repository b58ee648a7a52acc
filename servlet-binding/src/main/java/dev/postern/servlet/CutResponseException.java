package dev.postern.servlet;

import java.io.IOException;

/**
 * Tells the container that a response ends before its time. The failure itself has been written to
 * {@code postern.errors}. This exception has no stack and no cause, because a container might show
 * them to the client.
 */
final class CutResponseException extends IOException {
  private static final long serialVersionUID = 1;

  CutResponseException(Throwable cause) {
    super("response must be cut: " + cause.getClass().getName());
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
