package dev.postern.launcher.status;

import dev.postern.Environ;
import dev.postern.cgi.CgiRun;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Counts what a server does, from its start to its end, over all readings of its configuration.
 * Thread-safe.
 */
public final class Board {
  private final Counts all = new Counts();
  private final Map<String, Counts> mounts = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> starts = new ConcurrentHashMap<>();
  private final Troubles troubles = new Troubles();

  private volatile @Nullable String own;

  /** The sources that serve, the newest last. */
  private final Set<Sources> live = new LinkedHashSet<>();

  /** What closed sources have counted, by rule. */
  private final Map<String, Long> gone = new TreeMap<>();

  /** Begins a new reading of the configuration. */
  public Sources open() {
    return new Sources(this);
  }

  synchronized void enter(Sources sources) {
    live.add(sources);
  }

  synchronized void leave(Sources sources) {
    if (live.remove(sources)) {
      sources.rules().forEach((rule, count) -> gone.merge(rule, count, Long::sum));
    }
  }

  /** Sets the prefix of the status itself, whose requests are not counted; null for none. */
  public void own(@Nullable String prefix) {
    own = prefix;
  }

  /** Returns whether a request is for the status itself. */
  public boolean isOwn(Environ request) {
    String prefix = own;
    String path = request.pathInfo();
    return prefix != null
        && path.startsWith(prefix)
        && (path.length() == prefix.length() || path.charAt(prefix.length()) == '/');
  }

  /** Counts a request that has come. */
  public void begun() {
    all.begun();
  }

  /** Counts a request that has its answer. */
  public void ended(Ended request) {
    all.ended(request.outcome().status(), request.outcome().bytes(), request.took());
    CgiRun run = request.run();
    if (run != null && !run.start().isEmpty()) {
      starts.computeIfAbsent(run.start(), how -> new LongAdder()).increment();
    }
    troubles.ended(request);
  }

  Counts all() {
    return all;
  }

  Counts mount(String name) {
    return mounts.computeIfAbsent(name, key -> new Counts());
  }

  Map<String, Counts> mounts() {
    return mounts;
  }

  /** Returns how programs were started, and how often. */
  Map<String, Long> starts() {
    Map<String, Long> counts = new TreeMap<>();
    starts.forEach((how, count) -> counts.put(how, count.sum()));
    return counts;
  }

  List<Troubles.Trouble> troubles() {
    return troubles.list();
  }

  synchronized List<Sources> live() {
    return new ArrayList<>(live);
  }

  /** Returns what was refused or left out, by rule. */
  Map<String, Long> rules() {
    Map<String, Long> counts;
    synchronized (this) {
      counts = new TreeMap<>(gone);
      live.forEach(
          sources ->
              sources.rules().forEach((rule, count) -> counts.merge(rule, count, Long::sum)));
    }
    return counts;
  }
}
