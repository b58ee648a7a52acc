package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** The samples of a recording, by the part of the program to which they belong. */
final class HotPath {
  /** A method of a sample's stack, the innermost first. */
  record Frame(String type, String method) {
    boolean isOf(String prefix) {
      return type.startsWith(prefix);
    }
  }

  private static final String START = "dev.postern.process.Spawn";

  /** The part for the start of a class's name. A longer start has precedence. */
  private static final Map<String, String> PARTS =
      Map.of(
          "dev.postern.process.", "program: pipes, poll, read, wait, close",
          "dev.postern.wire.", "program: parsing its headers",
          "dev.postern.cgi.", "hosting: checks, environment, rules",
          "dev.postern.program.", "hosting: checks, environment, rules",
          "dev.postern.system.", "hosting: checks, environment, rules",
          "dev.postern.servlet.", "servlet binding",
          "dev.postern.launcher.", "launcher",
          "dev.postern.", "engine",
          "org.eclipse.jetty.", "Jetty");

  private static final List<String> PREFIXES =
      PARTS.keySet().stream().sorted((a, b) -> b.length() - a.length()).toList();

  final Map<String, Double> timeByPart = new HashMap<>();
  final Map<String, Double> timeByMethod = new HashMap<>();
  final Map<String, Double> bytesByPart = new HashMap<>();
  final Map<String, Double> bytesByClass = new HashMap<>();
  long samples;
  long lost;
  long threadsStarted;

  static HotPath read(Path recording) throws IOException {
    HotPath path = new HotPath();
    try (RecordingFile file = new RecordingFile(recording)) {
      while (file.hasMoreEvents()) {
        path.add(file.readEvent());
      }
    }
    return path;
  }

  private void add(RecordedEvent event) {
    switch (event.getEventType().getName()) {
      case "jdk.CPUTimeSample" -> addTime(frames(event));
      case "jdk.CPUTimeSamplesLost" -> lost += event.getLong("lostSamples");
      case "jdk.ObjectAllocationSample" ->
          addBytes(frames(event), event.getClass("objectClass").getName(), event.getLong("weight"));
      case "jdk.ThreadStart" -> threadsStarted++;
      default -> {
        // The report uses no other event.
      }
    }
  }

  private static List<Frame> frames(RecordedEvent event) {
    return event.getStackTrace() == null
        ? List.of()
        : event.getStackTrace().getFrames().stream()
            .map(
                frame ->
                    new Frame(frame.getMethod().getType().getName(), frame.getMethod().getName()))
            .toList();
  }

  void addTime(List<Frame> stack) {
    samples++;
    timeByPart.merge(part(stack), 1.0, Double::sum);
    timeByMethod.merge(method(stack), 1.0, Double::sum);
  }

  void addBytes(List<Frame> stack, String type, long bytes) {
    bytesByPart.merge(part(stack), (double) bytes, Double::sum);
    bytesByClass.merge(type, (double) bytes, Double::sum);
  }

  /**
   * Returns the part of the innermost method that is not the JDK's. Work inside the JDK belongs to
   * the method that called it.
   */
  static String part(List<Frame> stack) {
    for (Frame frame : stack) {
      for (String prefix : PREFIXES) {
        if (frame.isOf(prefix)) {
          return stack.stream().anyMatch(f -> f.type.equals(START))
              ? "program: posix_spawn"
              : PARTS.getOrDefault(prefix, prefix);
        }
      }
    }
    return "the JDK's own threads, and no stack";
  }

  /** Returns the innermost method that is not the JDK's, and the JDK method that it called. */
  private static String method(List<Frame> stack) {
    for (int i = 0; i < stack.size(); i++) {
      Frame frame = stack.get(i);
      if (PREFIXES.stream().anyMatch(frame::isOf)) {
        String own = simple(frame);
        boolean hidden =
            i == 0 || stack.get(0).isOf("java.lang.invoke.") || stack.get(0).isOf("jdk.internal.");
        return hidden ? own : own + " → " + simple(stack.get(0));
      }
    }
    return stack.isEmpty() ? "no stack" : simple(stack.get(0));
  }

  private static String simple(Frame frame) {
    return frame.type.substring(frame.type.lastIndexOf('.') + 1) + "." + frame.method;
  }
}
