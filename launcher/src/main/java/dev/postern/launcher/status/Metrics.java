package dev.postern.launcher.status;

import dev.postern.cgi.RunStatus;
import dev.postern.cgi.WorkerStatus;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes a snapshot in Prometheus's text format, version 0.0.4. Used once. */
final class Metrics {
  private final StringBuilder text = new StringBuilder(4096);

  private Metrics() {}

  static String of(Snapshot snapshot) {
    Metrics metrics = new Metrics();
    metrics.server();
    metrics.requests(snapshot.board());
    metrics.programs(snapshot);
    return metrics.text.toString();
  }

  private void server() {
    family("postern_build_info", "gauge", "The version that runs; always 1.");
    sample(
        "postern_build_info",
        labels("version", Snapshot.version(), "java", System.getProperty("java.version")),
        1);
    family("process_start_time_seconds", "gauge", "When the server started, since the epoch.");
    sample("process_start_time_seconds", "", Snapshot.startSeconds());
    family("postern_heap_bytes", "gauge", "Memory of the server's heap that is in use.");
    sample("postern_heap_bytes", "", Snapshot.heap());
    family("postern_threads", "gauge", "Threads of the server.");
    sample("postern_threads", "", Snapshot.threads());
  }

  private void requests(Board board) {
    family("postern_requests_total", "counter", "Requests that have ended, by status.");
    for (int hundred = 0; hundred < 6; hundred++) {
      String labels = labels("status", Snapshot.statusClass(hundred));
      sample("postern_requests_total", labels, board.all().ofClass(hundred));
    }
    family("postern_requests_running", "gauge", "Requests that have not ended.");
    sample("postern_requests_running", "", board.all().running());
    family("postern_response_bytes_total", "counter", "Bytes of the bodies of responses.");
    sample("postern_response_bytes_total", "", board.all().bytes());
    family("postern_request_seconds", "histogram", "How long requests took.");
    long below = 0;
    for (int step = 0; step < Counts.BOUNDS.length; step++) {
      below += board.all().inStep(step);
      String bound = Double.toString(Counts.BOUNDS[step]);
      sample("postern_request_seconds_bucket", labels("le", bound), below);
    }
    below += board.all().inStep(Counts.BOUNDS.length);
    sample("postern_request_seconds_bucket", labels("le", "+Inf"), below);
    sample("postern_request_seconds_sum", "", board.all().seconds());
    sample("postern_request_seconds_count", "", below);
    family("postern_mount_requests_total", "counter", "Requests of a mount that have ended.");
    board
        .mounts()
        .forEach(
            (mount, counts) -> {
              for (int hundred = 0; hundred < 6; hundred++) {
                if (counts.ofClass(hundred) > 0) {
                  sample(
                      "postern_mount_requests_total",
                      labels("mount", mount, "status", Snapshot.statusClass(hundred)),
                      counts.ofClass(hundred));
                }
              }
            });
    family("postern_runs_total", "counter", "Runs of programs, by how they were started.");
    board.starts().forEach((how, n) -> sample("postern_runs_total", labels("start", how), n));
    family("postern_rules_total", "counter", "What was refused or left out, by rule.");
    board.rules().forEach((rule, n) -> sample("postern_rules_total", labels("rule", rule), n));
  }

  private void programs(Snapshot snapshot) {
    family("postern_places", "gauge", "Programs that may run at once.");
    snapshot.places().forEach(p -> sample("postern_places", labels("places", p.name()), p.max()));
    family("postern_places_used", "gauge", "Programs that run.");
    snapshot
        .places()
        .forEach(p -> sample("postern_places_used", labels("places", p.name()), p.used()));
    family("postern_places_waiting", "gauge", "Requests that wait for a place.");
    snapshot
        .places()
        .forEach(p -> sample("postern_places_waiting", labels("places", p.name()), p.waiting()));
    Map<String, Integer> states = new TreeMap<>();
    for (String state : List.of("waiting", "starting", "running", "answering", "finishing")) {
      states.put(state, 0);
    }
    long memory = 0;
    double oldest = 0;
    for (RunStatus run : snapshot.running()) {
      states.merge(run.state(), 1, Integer::sum);
      memory += run.memory();
      oldest = Math.max(oldest, run.totalTime().toNanos() / 1e9);
    }
    family("postern_programs", "gauge", "Requests for programs, by how they stand.");
    states.forEach((state, n) -> sample("postern_programs", labels("state", state), n));
    family("postern_programs_memory_bytes", "gauge", "Memory that programs have together (RSS).");
    sample("postern_programs_memory_bytes", "", memory);
    family("postern_programs_oldest_seconds", "gauge", "Age of the oldest such request.");
    sample("postern_programs_oldest_seconds", "", oldest);
    workers(snapshot);
  }

  private void workers(Snapshot snapshot) {
    Map<String, Integer> workers = new TreeMap<>();
    for (Snapshot.Group group : snapshot.groups()) {
      for (WorkerStatus worker : group.workers()) {
        workers.merge(labels("group", group.name(), "state", worker.state()), 1, Integer::sum);
      }
    }
    family("postern_workers", "gauge", "Programs of worker groups, by how they stand.");
    workers.forEach((labels, n) -> sample("postern_workers", labels, n));
  }

  private void family(String name, String type, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }

  private void sample(String name, String labels, long value) {
    text.append(name).append(labels).append(' ').append(value).append('\n');
  }

  private void sample(String name, String labels, double value) {
    text.append(name).append(labels).append(' ').append(value).append('\n');
  }

  /**
   * Returns labels of names and values, which come in turn. Backslashes, quotes and line feeds of
   * values are escaped.
   */
  static String labels(String... pairs) {
    StringBuilder labels = new StringBuilder("{");
    for (int i = 0; i < pairs.length; i += 2) {
      String value = pairs[i + 1].replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
      labels.append(i == 0 ? "" : ",").append(pairs[i]).append("=\"").append(value).append('"');
    }
    return labels.append('}').toString();
  }
}
