package dev.postern.launcher.status;

import dev.postern.Application;
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

/**
 * Counts what a server does, from its start to its end, over all readings of its configuration.
 * Thread-safe.
 */
public final class Board {
  /** The key that tells whether a request counts. */
  private static final String COUNTS = "launcher.counts";

  private final Counts all = new Counts();
  private final Map<String, Counts> mounts = new ConcurrentSkipListMap<>();
  private final Map<String, LongAdder> starts = new ConcurrentHashMap<>();
  private final Troubles troubles = new Troubles();

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

  /**
   * Returns the status itself, whose requests are not counted. Only the application that a request
   * reaches knows this, since another one may be mounted below the prefix of the status.
   */
  public Application own(Application status) {
    return (environ, startResponse) -> {
      if (counts(environ)) {
        environ.put(COUNTS, false);
        all.withdrawn();
      }
      return status.call(environ, startResponse);
    };
  }

  private static boolean counts(Environ request) {
    return Boolean.TRUE.equals(request.get(COUNTS));
  }

  /** Counts a request that has come. */
  public void begun(Environ request) {
    request.put(COUNTS, true);
    all.begun();
  }

  /** Counts a request that has its answer, unless the status itself has answered. */
  public void ended(Environ environ, Ended ended) {
    if (!counts(environ)) {
      return;
    }
    all.ended(ended.outcome().status(), ended.outcome().bytes(), ended.request().took());
    CgiRun run = ended.run();
    if (run != null && !run.start().isEmpty()) {
      starts.computeIfAbsent(run.start(), how -> new LongAdder()).increment();
    }
    troubles.ended(ended);
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
