package dev.postern.launcher.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * The age of this process. The JDK knows the system's start only to a second, so it knows the start
 * of a process no better. Two files of /proc tell the age to 10 ms.
 */
final class Ages {
  private static final long TICKS = 100;

  private Ages() {}

  static long millis() {
    try {
      String stat = read("/proc/self/stat");
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 21);
      String uptime = read("/proc/uptime");
      double now = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
      return Math.max(0, Math.round(now * 1000 - Long.parseLong(fields[19]) * 1000.0 / TICKS));
    } catch (IOException | RuntimeException e) {
      Instant now = Instant.now();
      Instant start = ProcessHandle.current().info().startInstant().orElse(now);
      return Duration.between(start, now).toMillis();
    }
  }

  private static String read(String file) throws IOException {
    return new String(Files.readAllBytes(Path.of(file)), StandardCharsets.ISO_8859_1);
  }
}
