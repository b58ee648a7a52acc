package dev.postern.launcher.run;

import dev.postern.GatewayException;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.KeptRun;
import dev.postern.internal.Escapes;
import dev.postern.launcher.rules.Rules;
import dev.postern.launcher.rules.Stage;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Prints what came of one run, rule by rule. Control characters of the program are escaped. */
final class Report {
  private static final int LONGEST_LINE = 4096;
  private static final int HEADER_SHOWN = 1024;

  private final PrintWriter out;

  Report(PrintWriter out) {
    this.out = out;
  }

  /** Prints the whole report. */
  void tell(Trial trial, Map<String, Long> dropped) {
    CgiRun run = trial.run();
    KeptRun kept = run == null ? null : run.kept();
    if (kept != null && !kept.command().isEmpty()) {
      field("command", String.join(" ", kept.command()));
      field("directory", String.valueOf(kept.directory()));
    }
    if (kept != null && !kept.environment().isEmpty()) {
      field("environment", kept.environment().size() + " variables");
      new TreeMap<>(kept.environment())
          .forEach((name, value) -> indented(name + "=" + text(value)));
    }
    rules(trial, run);
    if (!dropped.isEmpty()) {
      field("dropped", String.valueOf(new TreeMap<>(dropped)).replaceAll("[{}]", ""));
    }
    if (run != null && kept != null && kept.errors().length > 0) {
      field("errors", run.errorBytes() + " bytes on standard error");
      lines(kept.errors(), Integer.MAX_VALUE);
    }
    if (run != null && kept != null && !trial.isWhole() && kept.output().length > 0) {
      field("output", run.bytesOut() + " bytes, of which the first are");
      lines(kept.output(), HEADER_SHOWN);
    }
    answer(trial);
  }

  /** Returns whether nothing is wrong, including the program's exit. */
  static boolean isGood(Trial trial) {
    return trial.isWhole()
        && trial.run() != null
        && List.of("exit 0", "running").contains(trial.run().exit());
  }

  private void rules(Trial trial, @Nullable CgiRun run) {
    out.println("rules");
    Throwable failure = trial.outcome().failure();
    String rule = rule(run, failure);
    Stage broken = rule.isEmpty() ? null : Rules.stage(rule);
    if (!rule.isEmpty() && broken == null) {
      broken = run == null ? Stage.REQUEST : Stage.END;
    }
    for (Stage stage : Stage.values()) {
      int order = broken == null ? -1 : stage.compareTo(broken);
      if (broken == null || order < 0) {
        rule(stage == Stage.END && isOdd(run) ? "noted" : "ok", stage.text() + facts(stage, run));
      } else if (order == 0) {
        rule("BROKEN", stage.text() + facts(stage, run));
        failure(rule, failure);
      } else {
        rule("-", stage.text() + (stage == Stage.END ? facts(stage, run) : ""));
      }
    }
  }

  private static String rule(@Nullable CgiRun run, @Nullable Throwable failure) {
    if (run != null && !run.rule().isEmpty()) {
      return run.rule();
    }
    if (failure instanceof GatewayException e) {
      return e.diagnosis() == null ? "other" : e.diagnosis().rule();
    }
    return failure == null ? "" : "other";
  }

  private static boolean isOdd(@Nullable CgiRun run) {
    return run != null && !List.of("exit 0", "running").contains(run.exit());
  }

  private void failure(String rule, @Nullable Throwable failure) {
    String message = failure == null ? rule : String.valueOf(failure.getMessage());
    more(message.contains("[" + rule + "]") ? message : message + " [" + rule + "]");
    if (failure instanceof GatewayException e && e.diagnosis() != null) {
      GatewayException.Diagnosis found = e.diagnosis();
      if (found.offset() >= 0) {
        more("at byte " + found.offset() + " near \"" + found.excerpt() + "\"");
      }
    }
    String advice = Rules.advice(rule);
    if (advice != null) {
      more("-> " + advice);
    }
  }

  private static String facts(Stage stage, @Nullable CgiRun run) {
    if (run == null) {
      return "";
    }
    return switch (stage) {
      case START ->
          run.startTime() == null
              ? ""
              : ": "
                  + run.start()
                  + " in "
                  + millis(run.startTime())
                  + (run.coldReason().isEmpty() ? "" : ", not warm: " + run.coldReason());
      case HEADER ->
          run.firstByteTime() == null ? "" : ": first byte after " + millis(run.firstByteTime());
      case END ->
          run.exit().isEmpty()
              ? ""
              : ": " + run.exit() + ", " + run.bytesOut() + " bytes, " + millis(run.totalTime());
      default -> "";
    };
  }

  private static String millis(Duration time) {
    return String.format(Locale.ROOT, "%.1f ms", time.toNanos() / 1e6);
  }

  private void answer(Trial trial) {
    out.println("answer");
    out.println();
    if (trial.status() == 0) {
      out.println("(none)");
      return;
    }
    out.println("HTTP/1.1 " + trial.status());
    for (Map.Entry<String, String> field : trial.headers()) {
      out.println(line(field.getKey() + ": " + text(field.getValue())));
    }
    out.println();
    String body = new String(trial.body(), StandardCharsets.UTF_8);
    body.lines().forEach(line -> out.println(line(line)));
    if (!trial.outcome().complete()) {
      out.println("(cut here)");
    }
  }

  // ---- lines ----

  void field(String name, String value) {
    out.println(String.format(Locale.ROOT, "%-12s %s", name, line(value)));
  }

  private void rule(String mark, String text) {
    out.println(String.format(Locale.ROOT, "  %-7s %s", mark, line(text)));
  }

  private void more(String text) {
    out.println("          " + line(text));
  }

  private void indented(String text) {
    out.println("  " + line(text));
  }

  private void lines(byte[] bytes, int most) {
    int length = Math.min(bytes.length, most);
    new String(bytes, 0, length, StandardCharsets.UTF_8).lines().forEach(this::indented);
  }

  /** Decodes bytes, one in each char, as UTF-8, which they mostly are. */
  private static String text(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private static String line(String text) {
    return Escapes.oneLine(text.replace("\t", "    "), LONGEST_LINE);
  }
}
