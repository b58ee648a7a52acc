package dev.postern.process;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * The programs that run now. They have a session of their own, so no terminal or process group ends
 * them together with this JVM. When the JVM is asked to end, a shutdown hook of this class ends
 * them. Thread-safe.
 *
 * <p>The hook is registered only while a program runs, because it would keep the class loader of an
 * undeployed web application.
 */
final class LiveProcesses {
  /**
   * How long the hook waits for requests that are just ending, and for servers that let them end.
   */
  private static final long HEAD_START_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Set<HostedProcess> RUNNING = new HashSet<>();
  private static final Thread HOOK = new Thread(LiveProcesses::endAll, "postern-end-programs");

  /** How many programs are between their start and {@link #started}. The hook ends these too. */
  private static int starting;

  private static boolean ending;

  private LiveProcesses() {}

  /**
   * Called before a program is started. The end of the JVM then waits for the call of {@link
   * #started} or {@link #notStarted}.
   *
   * @throws IOException when the JVM is ending already
   */
  static synchronized void starting() throws IOException {
    if (RUNNING.isEmpty() && starting == 0 && !ending) {
      try {
        Runtime.getRuntime().addShutdownHook(HOOK);
      } catch (IllegalStateException e) {
        ending = true;
      }
    }
    if (ending) {
      throw new IOException("program must not be started while the JVM ends");
    }
    starting++;
  }

  static synchronized void started(HostedProcess process) {
    starting--;
    RUNNING.add(process);
  }

  static synchronized void notStarted() {
    starting--;
    leaveIfLast();
  }

  static synchronized void remove(HostedProcess process) {
    RUNNING.remove(process);
    leaveIfLast();
  }

  private static void leaveIfLast() {
    if (RUNNING.isEmpty() && starting == 0) {
      try {
        Runtime.getRuntime().removeShutdownHook(HOOK);
      } catch (IllegalStateException e) {
        // The JVM is ending already, and the hook sees that nothing is left.
      }
    }
  }

  /** Whether no program runs, and none is being started. */
  static synchronized boolean areNone() {
    return RUNNING.isEmpty() && starting == 0;
  }

  private static synchronized List<HostedProcess> running() {
    return new ArrayList<>(RUNNING);
  }

  private static synchronized boolean isStarting() {
    return starting > 0;
  }

  private static synchronized void beginEnding() {
    ending = true;
  }

  private static void endAll() {
    beginEnding();
    try {
      if (awaitNone(HEAD_START_NANOS)) {
        return;
      }
      forEach(Session::terminate);
      if (awaitNone(HostedProcess.KILL_GRACE_NANOS)) {
        return;
      }
    } catch (InterruptedException e) {
      // The programs are then killed at once.
    }
    forEach(Session::kill);
  }

  /**
   * Signals each program. If that fails for one, for example for lack of memory, the others still
   * get the signal.
   */
  private static void forEach(Consumer<Session> signal) {
    for (HostedProcess process : running()) {
      try {
        signal.accept(process.session());
      } catch (RuntimeException | Error e) {
        System.getLogger("dev.postern.process")
            .log(System.Logger.Level.WARNING, "program could not be ended", e);
      }
    }
  }

  /** Whether every program has ended within that time. */
  private static boolean awaitNone(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    while (true) {
      if (!isStarting() && running().stream().noneMatch(p -> p.session().isAlive())) {
        return true;
      }
      if (System.nanoTime() - start > nanos) {
        return false;
      }
      Thread.sleep(20);
    }
  }
}
