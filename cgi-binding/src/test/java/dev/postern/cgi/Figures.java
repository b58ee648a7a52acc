package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.process.ProcessName;
import dev.postern.system.Spool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What this JVM has of its programs now, as the system counts it: what must be the same when they
 * have ended.
 *
 * @param pipes open pipes, and descriptors of processes
 * @param events descriptors to wake by, of which the native path keeps some
 * @param spools open files of request bodies, and such files that have a name
 * @param threads of ours; the JDK's reapers stay for a minute
 * @param children zombies among them
 * @param left processes of any parent that {@link #mark} is in the environment of
 * @param heap bytes in use, after a collection
 * @param outside bytes of the process beyond its heap
 */
record Figures(
    long pipes,
    long events,
    long spools,
    long threads,
    long children,
    long left,
    long heap,
    long outside) {
  /** How many {@link #events} are kept at most. */
  private static final long KEPT_EVENTS = 16;

  /** Class loading, and the memory of a JVM that has just begun, are no leak. */
  private static final long HEAP_SLACK = 48L << 20;

  private static final long OUTSIDE_SLACK = 128L << 20;

  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(100);

  private static final Path PROC = Path.of("/proc");

  /** A variable for the environment of programs, so that they are known wherever they go. */
  static final String MARK = "POSTERN_TEST_MARK";

  /** Its value. */
  static String mark() {
    return "marked-by-" + ProcessHandle.current().pid();
  }

  static Figures now() throws IOException {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return new Figures(
        open("pipe:") + open("[pidfd]"),
        open("[eventfd]"),
        open(spoolName()) + named(),
        pumps(),
        childCount(),
        left(mark()).size(),
        runtime.totalMemory() - runtime.freeMemory(),
        Math.max(0, resident() - runtime.totalMemory()));
  }

  /** Waits for what lags behind the end of a program: threads are kept for some seconds. */
  static Figures whenQuiet() throws IOException {
    await(() -> pumps() == 0 && childCount() == 0 && left(mark()).size() == 0);
    // Memory that was collected goes back to the system while we go on.
    Figures last = now();
    Figures figures = now();
    while (figures.outside < last.outside) {
      last = figures;
      figures = now();
    }
    return figures;
  }

  /** Waits until no program is left, whatever is kept for the next one. */
  static Figures whenEnded(Figures before) throws IOException {
    await(
        () ->
            open("pipe:") + open("[pidfd]") <= before.pipes
                && childCount() == 0
                && left(mark()).size() == 0);
    return now();
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  /** Or gives up: what is not as it must be shows in the figures. */
  private static void await(Condition condition) throws IOException {
    long start = System.nanoTime();
    while (!condition.holds() && System.nanoTime() - start < MAX_WAIT_NANOS) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Everything is where it began, and memory is flat. */
  void assertBackAt(Figures before) {
    assertEndedAt(before);
    assertThat(threads).as("threads").isZero();
    assertThat(outside).as("memory beyond the heap").isLessThan(before.outside + OUTSIDE_SLACK);
  }

  /** Nothing of a program is left, on the heap either, but for what is kept for the next one. */
  void assertEndedAt(Figures before) {
    assertThat(pipes).as("pipes").isLessThanOrEqualTo(before.pipes);
    assertThat(events).as("events").isLessThanOrEqualTo(Math.max(before.events, KEPT_EVENTS));
    assertThat(spools).as("spools").isZero();
    assertThat(children).as("children, zombies among them").isZero();
    assertThat(left).as("processes that were left").isZero();
    assertThat(heap).as("heap").isLessThan(before.heap + HEAP_SLACK);
  }

  @Override
  public String toString() {
    return "pipes %d, events %d, spools %d, threads %d, children %d, left %d, heap %d KB, outside %d KB"
        .formatted(pipes, events, spools, threads, children, left, heap >> 10, outside >> 10);
  }

  /** Processes with that mark that have not ended. */
  static Set<String> left(String mark) throws IOException {
    String variable = MARK + "=" + mark + "\0";
    return processes(process -> read(process.resolve("environ")).contains(variable));
  }

  /** Children of this JVM and of its start servers, without these servers. */
  private static long childCount() throws IOException {
    Set<String> parents = new HashSet<>();
    parents.add(Long.toString(ProcessHandle.current().pid()));
    for (String child : children(parents)) {
      if (read(PROC.resolve(child).resolve("comm")).startsWith("postern-start")) {
        parents.add(child);
      }
    }
    return children(parents).stream().filter(child -> !parents.contains(child)).count();
  }

  private static Set<String> children(Set<String> parents) throws IOException {
    return processes(
        process -> {
          String stat = read(process.resolve("stat"));
          String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ", 3);
          return fields.length > 1 && parents.contains(fields[1]);
        });
  }

  private static long pumps() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("postern-pump"))
        .count();
  }

  private static String spoolName() {
    return Spool.PREFIX + ProcessName.current() + "-";
  }

  private static long named() throws IOException {
    try (Stream<Path> all = Files.list(Spool.directory())) {
      return all.filter(file -> file.getFileName().toString().startsWith(spoolName())).count();
    }
  }

  private static long open(String what) throws IOException {
    try (Stream<Path> all = Files.list(PROC.resolve("self/fd"))) {
      return all.filter(
              descriptor -> {
                try {
                  return Files.readSymbolicLink(descriptor).toString().contains(what);
                } catch (IOException e) {
                  return false;
                }
              })
          .count();
    }
  }

  private static long resident() {
    return read(PROC.resolve("self/status"))
        .lines()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .sum();
  }

  private static Set<String> processes(Predicate<Path> matching) throws IOException {
    try (Stream<Path> all = Files.list(PROC)) {
      return all.filter(path -> Character.isDigit(path.getFileName().toString().charAt(0)))
          .filter(matching)
          .map(path -> path.getFileName().toString())
          .collect(Collectors.toSet());
    }
  }

  /** Nothing of a process that has ended meanwhile. */
  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }
}
