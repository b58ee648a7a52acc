package dev.postern.launcher.status;

import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.ProcessLimit;
import dev.postern.cgi.RunStatus;
import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WorkerStatus;
import java.lang.management.ManagementFactory;
import java.lang.management.RuntimeMXBean;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The state of a server at one moment. The names are those of the JSON. Immutable. */
record Snapshot(
    Board board,
    List<Places> places,
    List<RunStatus> running,
    List<Group> groups,
    List<Inside> inside,
    Map<String, String> mounts) {

  /**
   * @param waiting how many requests wait for a place
   */
  record Places(String name, int max, int used, long waiting) {}

  record Group(String name, List<WorkerStatus> workers) {}

  record Inside(String name, JavaProgram.Report report) {}

  static Snapshot of(Board board) {
    List<Places> places = new ArrayList<>();
    List<RunStatus> running = new ArrayList<>();
    List<Group> groups = new ArrayList<>();
    List<Inside> inside = new ArrayList<>();
    Map<String, String> mounts = Map.of();
    List<Sources> live = board.live();
    for (int i = 0; i < live.size(); i++) {
      Sources sources = live.get(i);
      boolean newest = i == live.size() - 1;
      for (Map.Entry<String, ProcessLimit> limit : sources.limits().entrySet()) {
        List<RunStatus> runs = limit.getValue().status();
        running.addAll(runs);
        int max = limit.getValue().max();
        int used = Math.max(0, max - limit.getValue().available());
        long waiting = runs.stream().filter(run -> run.state().equals("waiting")).count();
        if (newest) {
          places.add(new Places(limit.getKey(), max, used, waiting));
        } else if (used + waiting > 0) {
          places.add(new Places(limit.getKey() + old(live.size() - 1 - i), max, used, waiting));
        }
      }
      for (WorkerGroup group : sources.groups()) {
        List<WorkerStatus> workers = group.status();
        if (newest || workers.stream().anyMatch(worker -> worker.pid() != 0)) {
          String age = newest ? "" : old(live.size() - 1 - i);
          groups.add(new Group(group.name() + age, workers));
        }
      }
      if (newest) {
        sources.inside().forEach((name, program) -> inside.add(new Inside(name, program.report())));
        mounts = sources.mounts();
      }
    }
    running.sort(Comparator.comparing(RunStatus::totalTime).reversed());
    return new Snapshot(board, places, running, groups, inside, mounts);
  }

  /**
   * Returns what stands after the names of an old configuration, which still has its last requests.
   */
  private static String old(int readings) {
    return readings == 1 ? " (old configuration)" : " (old configuration " + readings + ")";
  }

  static String version() {
    String version = Snapshot.class.getPackage().getImplementationVersion();
    return version == null ? "(not packaged)" : version;
  }

  static double startSeconds() {
    return ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3;
  }

  static long heap() {
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  static long maxHeap() {
    return Runtime.getRuntime().maxMemory();
  }

  static int threads() {
    return ManagementFactory.getThreadMXBean().getThreadCount();
  }

  String json() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    all.put("server", server());
    all.put("requests", requests());
    all.put("mounts", mountList());
    all.put("places", places.stream().map(Snapshot::map).toList());
    all.put("running", running.stream().map(Snapshot::map).toList());
    all.put("starts", board.starts());
    all.put("rules", board.rules());
    all.put("refusals", board.troubles().stream().map(Snapshot::map).toList());
    all.put("groups", groups.stream().map(Snapshot::map).toList());
    all.put("java", inside.stream().map(Snapshot::map).toList());
    return Json.of(all);
  }

  private static Map<String, Object> server() {
    RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
    Map<String, Object> server = new LinkedHashMap<>();
    server.put("version", version());
    server.put("java", System.getProperty("java.version"));
    server.put("pid", runtime.getPid());
    server.put("uptime", Duration.ofMillis(runtime.getUptime()));
    server.put("heap", heap());
    server.put("max_heap", maxHeap());
    server.put("threads", threads());
    return server;
  }

  private Map<String, Object> requests() {
    Counts counts = board.all();
    Map<String, Object> requests = counts(counts);
    requests.put("running", counts.running());
    requests.put("bytes", counts.bytes());
    requests.put("median", counts.percentile(.5));
    requests.put("p95", counts.percentile(.95));
    return requests;
  }

  private static Map<String, Object> counts(Counts counts) {
    Map<String, Object> by = new LinkedHashMap<>();
    for (int hundred = 0; hundred < 6; hundred++) {
      if (counts.ofClass(hundred) > 0) {
        by.put(statusClass(hundred), counts.ofClass(hundred));
      }
    }
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("total", counts.total());
    map.put("statuses", by);
    return map;
  }

  static String statusClass(int hundred) {
    return hundred == 0 ? "none" : hundred + "xx";
  }

  private List<Object> mountList() {
    List<Object> list = new ArrayList<>();
    mounts.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            mount -> {
              Map<String, Object> one = new LinkedHashMap<>();
              one.put("prefix", mount.getKey());
              one.put("application", mount.getValue());
              one.putAll(counts(board.mount(mount.getKey())));
              list.add(one);
            });
    return list;
  }

  private static Map<String, Object> map(Places places) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", places.name());
    map.put("max", places.max());
    map.put("used", places.used());
    map.put("waiting", places.waiting());
    return map;
  }

  private static Map<String, Object> map(RunStatus run) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("program", run.program().toString());
    map.put("state", run.state());
    map.put("pid", run.pid() == 0 ? null : run.pid());
    map.put("method", run.method());
    map.put("path", run.path());
    map.put("client", run.client());
    map.put("seconds", run.totalTime());
    map.put("bytes", run.bytesOut());
    map.put("memory", run.memory() == 0 ? null : run.memory());
    return map;
  }

  private static Map<String, Object> map(Troubles.Trouble trouble) {
    RequestFacts request = trouble.request();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("time", request.arrived().truncatedTo(ChronoUnit.MILLIS).toString());
    map.put("times", trouble.times());
    map.put("id", request.id());
    map.put("status", trouble.status());
    map.put("rule", trouble.rule());
    map.put("message", trouble.message());
    map.put("method", request.method());
    map.put("target", request.target());
    map.put("client", request.client());
    map.put("seconds", request.took());
    if (!trouble.program().isEmpty()) {
      map.put("program", trouble.program());
      map.put("exit", orNull(trouble.exit()));
    }
    if (trouble.diagnosis() != null) {
      map.put("offset", trouble.diagnosis().offset() < 0 ? null : trouble.diagnosis().offset());
      map.put("excerpt", orNull(trouble.diagnosis().excerpt()));
      map.put("stderr", orNull(trouble.diagnosis().stderr()));
    }
    return map;
  }

  private static @org.jspecify.annotations.Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }

  private static Map<String, Object> map(Group group) {
    List<Object> workers = new ArrayList<>();
    for (WorkerStatus worker : group.workers()) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("program", worker.program().toString());
      map.put("mode", worker.mode().name().toLowerCase(java.util.Locale.ROOT));
      map.put("state", worker.state());
      map.put("pid", worker.pid() == 0 ? null : worker.pid());
      map.put("generation", worker.generation());
      map.put("requests", worker.requests());
      map.put("seconds", worker.pid() == 0 ? null : age(worker.begun()));
      map.put("memory", worker.memory() == 0 ? null : worker.memory());
      map.put("why", orNull(worker.why()));
      workers.add(map);
    }
    return Map.of("name", group.name(), "workers", workers);
  }

  private static Duration age(Instant begun) {
    return Duration.between(begun, Instant.now());
  }

  private static Map<String, Object> map(Inside inside) {
    JavaProgram.Report report = inside.report();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("program", inside.name());
    map.put("state", report.state().name().toLowerCase(java.util.Locale.ROOT));
    map.put("why", orNull(report.reason()));
    map.put("busy", report.busy());
    map.put("idle", report.idle());
    map.put("abandoned", report.abandoned());
    map.put("discarded", report.discarded());
    return map;
  }
}
