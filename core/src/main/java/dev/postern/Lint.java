package dev.postern;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A middleware that checks both sides of a call against SPEC.md: the environ that comes in, and how
 * the caller treats the body; the response that goes out, and how the application uses what it was
 * given. It reports every rule that a request broke, each as {@code subject must rule: "value"
 * [id]}, with the place in the application where the response was started.
 *
 * <pre>{@code
 * Application checked = Lint.of().wrap(application);
 * }</pre>
 *
 * <p>What it finds while nothing has been handed on to the caller's stream is thrown as a {@link
 * LintException}, which an {@link Exchange} answers with 500. What it finds later, up to the end of
 * the exchange, is written to {@code postern.errors}, and the response goes on as it would without
 * Lint; so is an empty SERVER_NAME, which is the fault of a gateway's server. Either way a listener
 * gets one report for a request, with everything in it, on the request's thread when the body has
 * been closed; what happens after that end is reported on its own, on the thread that does it.
 *
 * <p>Wrap a middleware in one Lint and the application inside it in another to see how the
 * middleware treats both. What Lint cannot see: whether a body gives the same bytes in both views,
 * and everything that SPEC.md marks as not checkable.
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

  @SuppressWarnings("try") // close() throws what the application's own throws.
  private final class Checked implements Application, AutoCloseable {
    private final Application application;

    Checked(Application application) {
      this.application = application;
    }

    /** Returns null where the application did, and nobody wants that to be thrown. */
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
