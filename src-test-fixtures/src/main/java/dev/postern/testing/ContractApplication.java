package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Lint;
import dev.postern.LintException;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The application that a gateway serves under {@link GatewayContract}. A request header says which
 * case of the contract a request belongs to. The class has a public constructor without arguments,
 * so that it can be served by name in another process or container.
 *
 * <p>Thread-safe.
 */
public final class ContractApplication implements Application {
  static final String HEADER = "Postern-Case";

  private static final Object LOCK = new Object();

  /**
   * How many calls have not ended, for each case and gateway: several contracts may run in one JVM,
   * and a case that failed may have left a call behind. Guarded by the lock.
   */
  private static final Map<String, Integer> RUNNING = new HashMap<>();

  /** Makes the application. */
  public ContractApplication() {}

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    ContractCase asked = asked(environ.header(HEADER));
    Witness witness = Witness.of(environ);
    if (asked == null || witness == null) {
      throw new GatewayException(
          421, "request headers must become HTTP_POSTERN_CASE and HTTP_POSTERN_WITNESS [E10]");
    }
    String key = key(environ, witness);
    boolean alone = begin(key) == 1;
    witness.note("called");
    if (!alone && Boolean.FALSE.equals(environ.get("postern.multithread"))) {
      witness.note("overlaps");
    }
    try {
      Lint lint = Lint.reporting(report -> note(report, witness));
      return lint.wrap((e, start) -> asked.app().call(e, start, witness))
          .call(environ, startResponse);
    } finally {
      // This hook is added last, so it runs after Lint's hook and those of the case.
      environ.onFinish(
          outcome -> {
            end(key);
            witness.note(Trial.END + text(outcome));
          });
    }
  }

  private static String key(Environ environ, Witness witness) {
    return witness.directory() + " " + environ.header(HEADER);
  }

  private static int begin(String key) {
    synchronized (LOCK) {
      LOCK.notifyAll();
      return RUNNING.merge(key, 1, Integer::sum);
    }
  }

  private static void end(String key) {
    synchronized (LOCK) {
      RUNNING.computeIfPresent(key, (name, count) -> count == 1 ? null : count - 1);
    }
  }

  /** Gives a gateway the time to make another call beside this one, if it makes calls overlap. */
  static void awaitOther(Environ environ, Witness witness, Duration time)
      throws InterruptedException {
    String key = key(environ, witness);
    long end = System.nanoTime() + time.toNanos();
    synchronized (LOCK) {
      long left = time.toNanos();
      while (RUNNING.getOrDefault(key, 0) < 2 && left > 0) {
        TimeUnit.NANOSECONDS.timedWait(LOCK, left);
        left = end - System.nanoTime();
      }
    }
  }

  /**
   * Returns the case by its subject and name, as {@link Trial} sends them. Each request of a trial
   * has the header. Whoever makes a class-data archive sends a request without it, so that all
   * cases get into the archive.
   */
  private static @Nullable ContractCase asked(@Nullable String header) {
    if (header == null) {
      ContractCases.all();
      return null;
    }
    if (header.indexOf(':') >= 0) {
      for (ContractCase one : ContractCases.about(header.substring(0, header.indexOf(':')))) {
        if (header.endsWith(":" + one.name())) {
          return one;
        }
      }
    }
    return null;
  }

  private static void note(LintException report, Witness witness) {
    for (LintException.Violation violation : report.violations()) {
      witness.note(Trial.LINT + violation);
    }
  }

  /** Returns {@code 200 12 complete} or {@code 500 26 complete java.lang.Error}. */
  private static String text(Outcome outcome) {
    Throwable failure = outcome.failure();
    return outcome.status()
        + " "
        + outcome.bytes()
        + (outcome.complete() ? " complete" : " incomplete")
        + (failure == null ? "" : " " + failure.getClass().getName());
  }
}
