package dev.postern.launcher.workers;

import dev.postern.cgi.WorkerGroup;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The groups of one site, each made once: mounts that say the same of a group share it. Used by one
 * thread, but for {@link #close}.
 */
public final class WorkerGroups implements AutoCloseable {
  private final Map<String, WorkerGroup> groups = new LinkedHashMap<>();

  /** The group that those words stand for. */
  WorkerGroup get(String words, Supplier<WorkerGroup> maker) {
    WorkerGroup group = groups.get(words);
    if (group == null) {
      group = maker.get();
      groups.put(words, group);
    }
    return group;
  }

  /** All that were made. */
  public Collection<WorkerGroup> all() {
    return groups.values();
  }

  /** Ends the workers. What they run is finished first, within the time that its group has. */
  @Override
  public void close() {
    groups.values().forEach(WorkerGroup::close);
  }
}
