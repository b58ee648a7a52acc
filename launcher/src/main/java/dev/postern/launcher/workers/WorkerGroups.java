package dev.postern.launcher.workers;

import dev.postern.cgi.WorkerGroup;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The worker groups of one site. Mounts that describe a group by the same words share it. Used by
 * one thread, except for {@link #close}.
 */
public final class WorkerGroups implements AutoCloseable {
  /**
   * A script may work on for long after its answer. The server still stops in the time that service
   * managers give it.
   */
  private static final long SECONDS = 5;

  private final Map<String, WorkerGroup> groups = new LinkedHashMap<>();

  /** Returns the group that those words stand for, and makes it the first time. */
  WorkerGroup get(String words, Supplier<WorkerGroup> maker) {
    WorkerGroup group = groups.get(words);
    if (group == null) {
      group = maker.get();
      groups.put(words, group);
    }
    return group;
  }

  /** Returns all groups that were made. */
  public Collection<WorkerGroup> all() {
    return groups.values();
  }

  /**
   * Ends the workers of all groups at the same time, and waits 5 s at most. Each worker first
   * finishes what it runs, within the time of its group.
   */
  @Override
  public void close() {
    ExecutorService closing = Executors.newCachedThreadPool(WorkerGroups::daemon);
    groups.values().forEach(group -> closing.execute(group::close));
    closing.shutdown();
    try {
      closing.awaitTermination(SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "postern-close");
    thread.setDaemon(true);
    return thread;
  }
}
