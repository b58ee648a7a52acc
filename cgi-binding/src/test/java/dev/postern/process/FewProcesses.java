package dev.postern.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Starts programs until the system refuses one, many times over, and then one more: in a JVM whose
 * user may have few processes. Writes what came of it to a file: {@code FILE}.
 */
final class FewProcesses {
  private static final int REFUSALS = 1000;
  private static final int MAX_RUNNING = 500;

  private FewProcesses() {}

  public static void main(String[] args) throws IOException {
    // So that what is needed for the end is there before nothing can be had.
    StartProbe.run("exit 0", Map.of());
    long before = StartProbe.descriptors();
    String refusal = "";
    List<HostedProcess> running = new ArrayList<>();
    for (int refused = 0; refused < REFUSALS; ) {
      try {
        running.add(StartProbe.start("exec sleep 300", Map.of()));
      } catch (IOException | OutOfMemoryError e) {
        // Threads count as processes do, and the JDK says so in its own way.
        refusal = e.toString();
        refused++;
      }
      if (running.size() > MAX_RUNNING) {
        throw new IllegalStateException("no limit was reached");
      }
    }
    int started = running.size();
    running.forEach(HostedProcess::close);
    String fine = StartProbe.runWhenReleased("printf fine-");
    StringBuilder report = new StringBuilder(StartPath.inForce() + "\n");
    report.append("%d started, then: %s\n".formatted(started, refusal));
    // The JDK may lose a program, and its pipes, which it has no thread to wait for.
    if (StartPath.inForce() == StartPath.NATIVE) {
      report.append("children %d\n".formatted(children()));
      report.append("descriptors more %d\n".formatted(StartProbe.descriptorsMoreThan(before)));
    }
    report.append(fine);
    Files.write(Path.of(args[0]), report.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  /** None, once the last end was heard of. */
  private static long children() {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    long children = ProcessHandle.current().children().count();
    while (children > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
      children = ProcessHandle.current().children().count();
    }
    return children;
  }
}
