package dev.postern;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a client gets for an error while nothing has been sent: a status and a fixed text, never a
 * message, a stack or a path.
 */
record ErrorPage(int status, Headers headers, String text) {
  /** The smallest error page, for when another one cannot be sent. */
  static final ErrorPage PLAIN = of(500, Headers.of());

  static ErrorPage of(Throwable error) {
    @Nullable StatusError said = StatusError.of(error);
    return said == null ? PLAIN : of(said.status(), said.headers());
  }

  private static ErrorPage of(int status, Headers added) {
    Headers headers = Headers.of("Content-Type", "text/plain;charset=utf-8");
    for (Map.Entry<String, String> field : added) {
      String name = field.getKey();
      // The gateway writes the text, so the gateway also sets its type and its framing.
      if (!ResponseRules.isGateways(name) && !name.equalsIgnoreCase("Content-Type")) {
        headers = headers.plus(name, field.getValue());
      }
    }
    String text = (status + " " + ReasonPhrases.of(status)).trim() + "\n";
    return new ErrorPage(status, headers, text);
  }
}
