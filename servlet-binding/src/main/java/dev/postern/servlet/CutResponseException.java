package dev.postern.servlet;

import java.io.IOException;

/**
 * Tells the container that a response ends before its time. Has no stack and shows no cause: what
 * went wrong was reported to {@code postern.errors}, and some container might show it to the
 * client.
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
