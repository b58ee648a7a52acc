package dev.postern.servlet;

import dev.postern.GatewayException;
import dev.postern.HttpException;
import dev.postern.Outcome;
import dev.postern.internal.Escapes;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

/**
 * Writes one line to the logger {@code dev.postern} for each request that failed or was refused.
 * The details are in {@code postern.errors}, which is the context's log. Containers differ in where
 * that log goes, and an embedded one may print it nowhere.
 */
final class FailureLog {
  private FailureLog() {}

  /** A class of its own, so that only the first failure makes the logger. */
  private static final class Holder {
    static final Logger LOGGER = System.getLogger("dev.postern");
  }

  /**
   * The level is WARNING for a 5xx and for a response that was cut, INFO for another refused
   * request, and DEBUG if the client is gone.
   */
  static void report(
      RequestVariables request, Outcome outcome, Throwable failure, boolean clientGone) {
    Level level = Level.INFO;
    if (clientGone) {
      level = Level.DEBUG;
    } else if (outcome.status() >= 500 || !outcome.complete()) {
      level = Level.WARNING;
    }
    if (!Holder.LOGGER.isLoggable(level)) {
      return;
    }
    String what = outcome.complete() ? outcome.status() + " for " : "no whole response to ";
    String text = Escapes.oneLine(what + text(request) + ": " + failure);
    if (clientGone || saysItAll(outcome, failure)) {
      Holder.LOGGER.log(level, text);
    } else {
      Holder.LOGGER.log(level, text, failure);
    }
  }

  /** A text says it all of a peer or a client. An application's exception needs its stack. */
  private static boolean saysItAll(Outcome outcome, Throwable failure) {
    return failure instanceof GatewayException
        || failure instanceof HttpException http && http.status() < 500
        || failure instanceof IOException
            && outcome.complete()
            && outcome.status() >= 400
            && outcome.status() < 500;
  }

  private static String text(RequestVariables request) {
    String path = "" + request.variable("SCRIPT_NAME") + request.variable("PATH_INFO");
    return request.variable("REQUEST_METHOD")
        + " \""
        + (path.length() > 256 ? path.substring(0, 256) : path)
        + '"';
  }
}
