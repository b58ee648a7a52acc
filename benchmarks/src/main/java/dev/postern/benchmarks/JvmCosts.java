package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What requests cost inside a JVM. The log of its garbage collections gives the heap that they
 * took, and one of its counters gives the platform threads that it started. Neither slows the JVM
 * down. Heap counts as taken when a thread got a block of it for its objects, even if a collection
 * came before the block was full.
 */
final class JvmCosts {
  /** Where a JVM writes its log of collections, in its directory. */
  static final String GC_LOG = "gc.log";

  /**
   * Matches {@code [1.2s][info][gc] GC(3) Pause Young (Normal) (G1 Evacuation Pause) 38M->5M(64M)
   * 1ms}.
   */
  private static final Pattern COLLECTION = Pattern.compile("Pause .* ([0-9]+)M->([0-9]+)M\\(");

  private static final Pattern STARTED =
      Pattern.compile("^java\\.threads\\.started=([0-9]+)", Pattern.MULTILINE);

  /**
   * @param bytes of heap taken so far
   * @param threads started so far
   */
  record Count(double bytes, long threads) {}

  /** For one request, on average. */
  record PerRequest(double bytes, double threads) {
    static PerRequest between(Count before, Count after, long requests) {
      return new PerRequest(
          (after.bytes - before.bytes) / requests,
          (after.threads - before.threads) / (double) requests);
    }
  }

  private JvmCosts() {}

  /**
   * Asks a JVM for its counts. The JVM collects its garbage first, so that its log covers
   * everything until now.
   */
  static Count of(Tools tools, Path home, long pid, Path directory)
      throws IOException, InterruptedException {
    String jcmd = home.resolve("bin/jcmd").toString();
    tools.run(directory, List.of(jcmd, Long.toString(pid), "GC.run"));
    String counters = tools.run(directory, List.of(jcmd, Long.toString(pid), "PerfCounter.print"));
    Matcher started = STARTED.matcher(counters);
    if (!started.find()) {
      throw new IOException("JVM must count its threads");
    }
    return new Count(
        allocated(Files.readAllLines(directory.resolve(GC_LOG))), Long.parseLong(started.group(1)));
  }

  /** Adds up the heap before each collection, less what the previous collection had left. */
  static double allocated(List<String> log) {
    long megabytes = 0;
    long left = 0;
    for (String line : log) {
      Matcher collection = COLLECTION.matcher(line);
      if (collection.find()) {
        megabytes += Long.parseLong(collection.group(1)) - left;
        left = Long.parseLong(collection.group(2));
      }
    }
    return megabytes * 1048576.0;
  }
}
