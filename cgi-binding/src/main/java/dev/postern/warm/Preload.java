package dev.postern.warm;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The modules that a script's next process loads ahead: those that its group names, and those that
 * its earlier children have loaded, except for those that a process was refused for. Thread-safe.
 */
final class Preload {
  /** The start of a report that names modules which the process must not have loaded ahead. */
  private static final String DROP = "drop ";

  /** How many such reports are followed for one script. */
  private static final int MOST_DROPS = 60;

  private final PooledScript script;
  private final Map<String, String> named;
  private final Map<String, String> learned = new LinkedHashMap<>();
  private final Set<String> dropped = new TreeSet<>();
  private int drops;

  Preload(PooledScript script, ScriptPool pool, Language language) {
    this.script = script;
    this.named = language.modules(pool.options().modules());
  }

  /** Modules by their names, with their files where those are known. */
  synchronized Map<String, String> modules() {
    Map<String, String> all = new LinkedHashMap<>(named);
    all.putAll(learned);
    all.keySet().removeAll(dropped);
    return all;
  }

  synchronized void learn(Map<String, String> modules) {
    learned.putAll(modules);
    learned.keySet().removeAll(dropped);
  }

  synchronized boolean hasLearned() {
    return !learned.isEmpty();
  }

  /** Forgets what was learned, because a process was refused with it. */
  synchronized void unlearn() {
    learned.clear();
  }

  /** Forgets all that was found out about the script, because the script has changed. */
  synchronized void clear() {
    learned.clear();
    dropped.clear();
    drops = 0;
  }

  /**
   * Leaves out the modules that a process was refused for, and logs those that the group names.
   *
   * @return false if the process was refused for something else, or too often
   */
  boolean leavesOut(String why) {
    Set<String> told = new TreeSet<>();
    synchronized (this) {
      if (!why.startsWith(DROP) || ++drops > MOST_DROPS) {
        return false;
      }
      for (String name : List.of(why.substring(DROP.length()).split(" "))) {
        if (dropped.add(name) && named.containsKey(name)) {
          told.add(name);
        }
      }
    }
    if (!told.isEmpty()) {
      ScriptPool.log(script.program(), "does without loading ahead: " + String.join(" ", told));
    }
    return true;
  }
}
