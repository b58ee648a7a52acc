package dev.postern.internal;

import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Makes timers that hold up neither the JVM nor the undeployment of a web application. */
public final class DaemonTimer {
  private static final long KEEP_SECONDS = 10;
  private static final long STACK_BYTES = 256 * 1024;

  private DaemonTimer() {}

  /**
   * A timer with one daemon thread of this name. The thread is there only while tasks wait, and a
   * short time after that. It has no context class loader, so it holds no application. A cancelled
   * task is removed at once, and a shutdown drops all tasks that wait.
   */
  public static ScheduledThreadPoolExecutor named(String name) {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(null, task, name, STACK_BYTES, false);
              thread.setDaemon(true);
              thread.setContextClassLoader(null);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    timer.setKeepAliveTime(KEEP_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }
}
