package dev.postern.servlet;

import java.io.IOException;

/** The client has reset its connection, which nobody has to see a stack of. */
final class ClientGoneException extends IOException {
  private static final long serialVersionUID = 1;

  ClientGoneException() {
    super("client has reset its connection");
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
