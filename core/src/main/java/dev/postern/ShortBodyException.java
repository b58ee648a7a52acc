package dev.postern;

import java.io.EOFException;

/**
 * A client ended its request's body before its CONTENT_LENGTH. A class of its own, so that the
 * engine can tell it from the end of a file that the application itself reads.
 */
final class ShortBodyException extends EOFException {
  private static final long serialVersionUID = 1;

  ShortBodyException(long length, long came) {
    super("request body must have " + length + " bytes: " + came + " came");
  }
}
