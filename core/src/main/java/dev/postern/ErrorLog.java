package dev.postern;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Writes to a request's error stream, which is the server's log. */
final class ErrorLog {
  private ErrorLog() {}

  /**
   * The whole story. What a client, a peer or a program did needs no stack of ours, and one line
   * says it. Throws nothing: a log that is broken must not break the response, too.
   *
   * @param sent the status that the client has already, so that the response is cut; or 0
   */
  @SuppressWarnings("ReferenceEquality") // Nothing may suppress itself.
  static void print(PrintWriter errors, Environ environ, Throwable error, int sent) {
    try {
      @Nullable StatusError said = StatusError.of(error);
      if (said == null) {
        errors.println("postern: " + environ + " failed");
        error.printStackTrace(errors);
      } else {
        errors.println(line(environ, said, sent));
        Throwable cause = error instanceof HttpException ? error.getCause() : null;
        if (cause != null && said.status() >= 500) {
          cause.printStackTrace(errors);
        }
      }
      errors.flush();
    } catch (Throwable e) {
      if (e != error) {
        error.addSuppressed(e);
      }
    }
  }

  private static String line(Environ environ, StatusError said, int sent) {
    Throwable error = said.error();
    StringBuilder line = new StringBuilder("postern: ");
    if (sent == 0) {
      line.append(said.status()).append(" for ").append(environ);
    } else {
      line.append(sent).append(" for ").append(environ);
      line.append(" was cut, too late for ").append(said.status());
    }
    line.append(": ").append(error.getMessage());
    if (error instanceof GatewayException gateway && gateway.diagnosis() != null) {
      appendDetails(line, gateway.diagnosis());
    }
    for (Throwable also : error.getSuppressed()) {
      line.append("; then ").append(also);
    }
    return Escapes.oneLine(line);
  }

  /**
   * What the message does not say itself. Standard error is not repeated: who hosts a program
   * writes it line by line.
   */
  private static void appendDetails(StringBuilder line, GatewayException.Diagnosis diagnosis) {
    int start = line.length();
    if (line.indexOf("[" + diagnosis.rule() + "]") < 0) {
      line.append("rule ").append(diagnosis.rule());
    }
    if (diagnosis.offset() >= 0) {
      line.append(line.length() > start ? ", " : "").append("at byte ").append(diagnosis.offset());
      if (!diagnosis.excerpt().isEmpty()) {
        line.append(" near \"").append(diagnosis.excerpt()).append('"');
      }
    }
    if (!diagnosis.exit().isEmpty()) {
      line.append(line.length() > start ? ", " : "").append(diagnosis.exit());
    }
    if (line.length() > start) {
      line.insert(start, " (").append(')');
    }
  }
}
