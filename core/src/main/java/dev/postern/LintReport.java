package dev.postern;

import dev.postern.internal.Escapes;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The broken rules of one call. Thread-safe, because a call from a wrong thread is one of the
 * things that are reported.
 */
final class LintReport {
  /** A loop that breaks one rule with ever new values must not fill the memory. */
  private static final int MOST = 64;

  private final String request;
  private final @Nullable PrintWriter errors;
  private final boolean failing;
  private final @Nullable Consumer<? super LintException> listener;
  private @Nullable List<LintException.Violation> violations;

  /** Faults of the gateway, which are reported and never thrown. */
  private final List<LintException.Violation> gateways = new ArrayList<>(0);

  /** How many of the violations an exception has named. */
  private int thrown;

  private boolean delivered;

  LintReport(Environ environ, boolean failing, @Nullable Consumer<? super LintException> listener) {
    this.request = environ.toString();
    this.errors = environ.get("postern.errors") instanceof PrintWriter log ? log : null;
    this.failing = failing;
    this.listener = listener;
  }

  /**
   * Notes a broken rule.
   *
   * @param must the subject and its rule in words
   * @param value what it was instead, or null when the words say it
   * @param place where in the application, or null
   */
  void broken(
      LintRule rule, String must, @Nullable String value, @Nullable StackTraceElement place) {
    String message = must + (value == null ? "" : ": " + Escapes.quote(value)) + " [" + rule + "]";
    LintException.Violation violation = new LintException.Violation(rule.name(), message, place);
    synchronized (this) {
      if (!delivered) {
        if (violations == null) {
          violations = new ArrayList<>();
        }
        if (violations.size() < MOST && !violations.contains(violation)) {
          violations.add(violation);
        }
        return;
      }
    }
    tell(List.of(violation), List.of(violation));
  }

  /**
   * Notes a rule that the server's configuration breaks. The violation is reported and not thrown.
   * The application is right, and a 500 instead of its response would help nobody.
   */
  synchronized void gatewaysFault(LintRule rule, String must, String value) {
    String message = must + ": " + Escapes.quote(value) + " [" + rule + "]";
    gateways.add(new LintException.Violation(rule.name(), message, null));
  }

  /**
   * Throws the violations that were found and not thrown before, if there are any and if this Lint
   * fails requests.
   *
   * @param cause what the application itself threw, or null
   */
  void throwIfBroken(@Nullable Throwable cause) {
    LintException exception;
    synchronized (this) {
      if (!failing || violations == null || violations.size() == thrown) {
        return;
      }
      thrown = violations.size();
      exception = exception(violations, cause);
    }
    throw exception;
  }

  /**
   * Called when the request is over. The listener gets all violations. The log gets those that no
   * exception has named.
   */
  void deliver() {
    List<LintException.Violation> all;
    List<LintException.Violation> untold;
    synchronized (this) {
      delivered = true;
      List<LintException.Violation> others = violations == null ? List.of() : violations;
      if (others.isEmpty() && gateways.isEmpty()) {
        return;
      }
      all = joined(gateways, others);
      untold = joined(gateways, others.subList(thrown, others.size()));
    }
    tell(all, untold);
  }

  private static List<LintException.Violation> joined(
      List<LintException.Violation> some, List<LintException.Violation> others) {
    List<LintException.Violation> all = new ArrayList<>(some);
    all.addAll(others);
    return all;
  }

  private void tell(List<LintException.Violation> all, List<LintException.Violation> untold) {
    if (failing && !untold.isEmpty() && errors != null) {
      errors.println("postern: " + exception(untold, null).getMessage());
      errors.flush();
    }
    if (listener != null) {
      listener.accept(exception(all, null));
    }
  }

  private LintException exception(List<LintException.Violation> broken, @Nullable Throwable cause) {
    return new LintException(request, broken, cause);
  }
}
