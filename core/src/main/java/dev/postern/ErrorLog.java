package dev.postern;

import java.io.PrintWriter;

/** Writes to a request's error stream, which is the server's log. */
final class ErrorLog {
  private ErrorLog() {}

  /**
   * The whole story. What a peer or a program did needs no stack of ours. Throws nothing: a log
   * that is broken must not break the response, too.
   */
  @SuppressWarnings("ReferenceEquality") // Nothing may suppress itself.
  static void print(PrintWriter errors, Environ environ, Throwable error) {
    try {
      if (error instanceof GatewayException gateway) {
        errors.println(
            "postern: "
                + gateway.status()
                + " for "
                + environ
                + ": "
                + gateway.getMessage()
                + (gateway.diagnosis() == null ? "" : " (" + gateway.diagnosis() + ")"));
      } else {
        errors.println("postern: " + environ + " failed");
        error.printStackTrace(errors);
      }
      errors.flush();
    } catch (Throwable e) {
      if (e != error) {
        error.addSuppressed(e);
      }
    }
  }
}
