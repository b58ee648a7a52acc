package dev.postern.launcher.workers;

import dev.postern.cgi.WorkerGroup;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The worker groups of one site. Mounts that describe a group by the same words share it. Used by
 * one thread, except for {@link #close}.
 */
public final class WorkerGroups implements AutoCloseable {
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

  /** Ends the workers. Each first finishes what it runs, within the time of its group. */
  @Override
  public void close() {
    groups.values().forEach(WorkerGroup::close);
  }
}
