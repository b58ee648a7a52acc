package dev.postern.rewrite;

import java.io.IOException;

/** Thrown when the configured file or class is no Java program that can run here. */
public final class NotAProgramException extends IOException {
  private static final long serialVersionUID = 1;

  /** Says what is wrong. */
  public NotAProgramException(String message) {
    super(message);
  }
}
