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
import java.util.stream.Stream;

/**
 * Starts a program in a JVM of its own, for what a test cannot change in the one it runs in. Writes
 * what came of it to a file: {@code FILE MODE}.
 */
final class StartProbe {
  static final String PATH_INFO = "caf\u00c3\u00a9";

  private static final int REFUSALS = Integer.getInteger("postern.refusals", 100);

  private StartProbe() {}

  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[0]);
    StringBuilder report = new StringBuilder(StartPath.inForce() + "\n");
    try {
      switch (args[1]) {
        case "env" -> report.append(run("/usr/bin/env; exit 5", environment()));
        case "fds" -> report.append(run("ls /proc/$$/fd; exit 5", Map.of()));
        case "twice" -> report.append(run("exit 1", Map.of())).append(run("exit 2", Map.of()));
        case "descriptors" -> exhaustDescriptors(report);
        case "hang" -> hang(file);
        case "refused" -> refuseFiles(report);
        default -> throw new IllegalArgumentException(args[1]);
      }
    } catch (IOException e) {
      report.append(e);
    }
    Files.write(file, report.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  private static Map<String, String> environment() {
    return ProgramText.canCarry(PATH_INFO)
        ? Map.of("PATH_INFO", PATH_INFO)
        : Map.of("REFUSED", "1");
  }

  /** How many start servers are left when their files could not be opened. */
  private static void refuseFiles(StringBuilder report) throws Exception {
    StartServer.begin();
    for (boolean covered : new boolean[] {false, true}) {
      if (covered) {
        mount("mount", "-t", "tmpfs", "none", "/proc");
      }
      HostedProcess served = StartServer.launch(List.of("/bin/true"), Map.of(), Path.of("/"), null);
      report.append(served == null ? "refused " : "served ");
      if (served != null) {
        served.close();
      }
    }
    mount("umount", "/proc");
    long start = System.nanoTime();
    while (ProcessHandle.current().children().findAny().isPresent()
        && System.nanoTime() - start < 5_000_000_000L) {
      LockSupport.parkNanos(5_000_000);
    }
    report.append(ProcessHandle.current().children().count());
  }

  private static void mount(String... command) throws Exception {
    int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (exit != 0) {
      throw new IOException(command[0] + " must end with 0: " + exit);
    }
  }

  static String run(String script, Map<String, String> environment) throws IOException {
    HostedProcess process = start(script, environment);
    StringBuilder output = new StringBuilder();
    while (process.read(Duration.ofSeconds(60)) == HostedProcess.Read.BLOCK) {
      output.append(new String(process.bytes(), 0, process.length(), StandardCharsets.ISO_8859_1));
    }
    output.append(process.exit());
    process.close();
    return output.toString();
  }

  static HostedProcess start(String script, Map<String, String> environment) throws IOException {
    return HostedProcess.start(List.of("/bin/sh", "-c", script), environment, Path.of("/"), null);
  }

  /** Starts programs until the system refuses one, many times over, and then one more. */
  private static void exhaustDescriptors(StringBuilder report) throws IOException {
    // What is opened once is open now, also what the second program opens.
    run("exit 0", Map.of());
    run("exit 0", Map.of());
    long before = descriptors();
    int refused = 0;
    List<HostedProcess> running = new ArrayList<>();
    while (refused < REFUSALS) {
      try {
        running.add(start("exec sleep 300", Map.of()));
      } catch (IOException e) {
        refused++;
      }
      if (running.size() > 500) {
        throw new IllegalStateException("no limit was reached");
      }
    }
    running.forEach(HostedProcess::close);
    String fine = runWhenReleased("printf fine-");
    report.append("descriptors more %d\n%s".formatted(descriptorsMoreThan(before), fine));
  }

  /** Of this process, but for those to wake by, of which the native path keeps some. */
  static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(descriptor -> !isToWakeBy(descriptor)).count();
    }
  }

  private static boolean isToWakeBy(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().contains("[eventfd]");
    } catch (IOException e) {
      return false;
    }
  }

  /** None, once the JDK has closed those of the last program. */
  static long descriptorsMoreThan(long before) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    long more = descriptors() - before;
    while (more > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
      more = descriptors() - before;
    }
    return more;
  }

  /** The JDK's threads of programs that have ended may still be closing their pipes, or ending. */
  static String runWhenReleased(String script) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (true) {
      try {
        return run(script, Map.of());
      } catch (IOException | OutOfMemoryError e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }

  private static void hang(Path file) throws IOException {
    HostedProcess process = start("echo $$ >" + file + "; sleep 300 & sleep 300", Map.of());
    process.read(Duration.ofMinutes(5));
  }
}
