package dev.postern;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rules of SPEC.md that one request broke, as {@link Lint} found them. The message names them all,
 * each on a line of its own.
 *
 * <p>Immutable, except for what can change in every Throwable.
 */
public final class LintException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final transient List<Violation> violations;

  LintException(String request, List<Violation> violations, @Nullable Throwable cause) {
    super(message(request, violations), cause);
    this.violations = List.copyOf(violations);
  }

  /** What was broken, in the order in which it was found; the same thing only once. */
  public List<Violation> violations() {
    return violations == null ? List.of() : violations;
  }

  /**
   * One broken rule.
   *
   * @param rule the id of the rule in SPEC.md, such as {@code A4}
   * @param message {@code subject must rule: "value" [id]}; foreign text is escaped and cut
   * @param place where the application started its response, or broke the rule; null when no frame
   *     of the application was on the stack. In the value form, for example, the engine starts the
   *     response
   */
  public record Violation(String rule, String message, @Nullable StackTraceElement place) {
    /** The message, and the place when it is known. */
    @Override
    public String toString() {
      return place == null ? message : message + " at " + place;
    }
  }

  private static String message(String request, List<Violation> violations) {
    StringBuilder text = new StringBuilder(request);
    text.append(violations.size() == 1 ? " breaks a rule:" : " breaks rules:");
    for (Violation violation : violations) {
      text.append("\n  ").append(violation);
    }
    return text.toString();
  }
}
