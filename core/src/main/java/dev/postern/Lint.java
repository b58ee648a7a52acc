package dev.postern;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A middleware that checks both sides of a call against SPEC.md. It checks the environ that the
 * caller passes, and how the caller treats the body. It checks the application's response, and how
 * the application uses what it was given. It reports each broken rule as {@code subject must rule:
 * "value" [id]}, with the line of the application that started the response.
 *
 * <pre>{@code
 * Application checked = Lint.of().wrap(application);
 * }</pre>
 *
 * <p>If Lint finds a fault before any byte of the body has been passed to the caller, it throws a
 * {@link LintException}, and an {@link Exchange} answers with 500. If it finds a fault later, it
 * writes it to {@code postern.errors}, and the response goes on as it would without Lint. It treats
 * an empty SERVER_NAME in the same way, because that is the fault of a gateway's server.
 *
 * <p>In both cases a listener gets one report for the request, with all its faults, on the
 * request's thread after the body was closed. A fault after that time gets a report of its own, on
 * the thread that causes it.
 *
 * <p>To check a middleware on both sides, wrap it in one Lint and wrap the application inside it in
 * another. Lint cannot see whether a body gives the same bytes in both views, nor what SPEC.md
 * marks as not checkable.
 *
 * <p>Immutable, thread-safe. Cheap enough for a staging system: see docs/lint-cost.md.
 */
public final class Lint implements Middleware {
  private static final Lint PLAIN = new Lint(true, null);

  private final boolean failing;
  private final @Nullable Consumer<? super LintException> listener;

  private Lint(boolean failing, @Nullable Consumer<? super LintException> listener) {
    this.failing = failing;
    this.listener = listener;
  }

  /** Fails requests that break a rule before anything was sent, and writes to the log. */
  public static Lint of() {
    return PLAIN;
  }

  /** As {@link #of()}, and hands the report of each request that broke a rule to a listener. */
  public static Lint of(Consumer<? super LintException> listener) {
    return new Lint(true, requireNonNull(listener, "listener"));
  }

  /**
   * Fails nothing and writes nothing: the listener gets the reports, and every response is what it
   * would be without Lint.
   */
  public static Lint reporting(Consumer<? super LintException> listener) {
    return new Lint(false, requireNonNull(listener, "listener"));
  }

  /** The ids of the rules that Lint checks, in the order of SPEC.md. */
  public static List<String> rules() {
    return Arrays.stream(LintRule.values()).map(LintRule::name).toList();
  }

  @Override
  public Application wrap(Application application) {
    return new Checked(requireNonNull(application, "application"));
  }

  @Override
  public String toString() {
    return failing ? "Lint.of()" : "Lint.reporting()";
  }

  @SuppressWarnings("try") // close() throws what the application's close() throws.
  private final class Checked implements Application, AutoCloseable {
    private final Application application;

    Checked(Application application) {
      this.application = application;
    }

    /** Returns null if the application did, and if this Lint only reports. */
    @Override
    @SuppressWarnings("NullAway")
    public @Nullable Body call(Environ environ, StartResponse startResponse) throws Exception {
      LintReport report = new LintReport(environ, failing, listener);
      return new LintCall(environ, startResponse, report).call(application);
    }

    @Override
    public void close() throws Exception {
      if (application instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }

    @Override
    public String toString() {
      return Lint.this + ".wrap(" + application + ")";
    }
  }
}
