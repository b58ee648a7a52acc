package dev.postern.wire;

import dev.postern.GatewayException;
import dev.postern.GatewayException.Diagnosis;
import dev.postern.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Makes the failures of this binding. Each one names its rule, in the message and in the diagnosis.
 */
public final class Refusal {
  private Refusal() {}

  /**
   * A failure that maps to a status.
   *
   * @param rule the id of the rule, such as {@code bare-cr}
   * @param message {@code subject must rule: "value"}, for the log
   */
  public static GatewayException of(int status, String rule, String message) {
    return of(status, rule, message, Headers.of(), null);
  }

  /** A failure with headers that belong to its status, or with a cause. */
  public static GatewayException of(
      int status, String rule, String message, Headers headers, @Nullable Throwable cause) {
    return make(status, message, headers, new Diagnosis(rule, -1, "", "", ""), cause);
  }

  /** The failure of a program's output that breaks a rule at a known offset: status 502. */
  static GatewayException at(String rule, String message, long offset, String excerpt) {
    return make(502, message, Headers.of(), new Diagnosis(rule, offset, excerpt, "", ""), null);
  }

  /** The same failure, with what is known about the program behind it. */
  public static GatewayException diagnosed(GatewayException e, String stderr, String exit) {
    Diagnosis known = e.diagnosis();
    Diagnosis diagnosis =
        known == null
            ? new Diagnosis("program", -1, "", stderr, exit)
            : new Diagnosis(known.rule(), known.offset(), known.excerpt(), stderr, exit);
    return new GatewayException(
        e.status(), e.getMessage() + hint(stderr), e.headers(), diagnosis, e.getCause());
  }

  /**
   * A hint about a missing variable. Many web servers give their programs such variables. Our
   * programs do not get them, because we build their environment from empty.
   */
  private static String hint(String stderr) {
    String name = null;
    if (stderr.contains("in @INC")) {
      name = "PERL5LIB";
    } else if (stderr.contains("ModuleNotFoundError") || stderr.contains("No module named")) {
      name = "PYTHONPATH";
    } else if (stderr.contains("HOME not set")
        || stderr.contains("HOME: parameter not set")
        || stderr.contains("HOME: unbound variable")) {
      name = "HOME";
    }
    return name == null ? "" : "; if " + name + " is missing, --env " + name + "=… sets it";
  }

  /** The id of the rule that a failure is about. */
  public static String rule(GatewayException e) {
    Diagnosis known = e.diagnosis();
    return known == null ? "other" : known.rule();
  }

  private static GatewayException make(
      int status, String message, Headers headers, Diagnosis diagnosis, @Nullable Throwable cause) {
    return new GatewayException(
        status, message + " [" + diagnosis.rule() + "]", headers, diagnosis, cause);
  }
}
