package dev.postern;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** Writes to a request's error stream, which is the server's log. */
final class ErrorLog {
  private ErrorLog() {}

  /**
   * Writes an error to the log. An error that carries a status gets one line, because a stack of
   * ours does not explain what a client, a peer or a program did. The cause of an {@link
   * HttpException} of 500 or more gets its stack, too. Every other error gets its whole stack. This
   * method throws nothing, so that a broken log does not break the response, too.
   *
   * @param sent the status that the client has got already, if the response is cut; 0 if nothing
   *     was sent
   */
  @SuppressWarnings("ReferenceEquality") // Java refuses an exception that suppresses itself.
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
   * Appends what the message itself does not say. The program's standard error is left out, because
   * the host of the program writes it to the log line by line.
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
