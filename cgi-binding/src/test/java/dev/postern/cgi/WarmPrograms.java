package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.cgi.server.Tools;
import dev.postern.testing.ApplicationContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Hosts any program by a worker: a script of Perl of the same name becomes it by {@code exec}, and
 * has been loaded before its first request. So what is tested of programs is tested of children of
 * fork servers, and of workers. As an extension of a class it ends the workers after each test.
 */
final class WarmPrograms
    implements BeforeAllCallback, AfterTestExecutionCallback, AfterAllCallback {
  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** A file that has just been written is not loaded, or not for long: its writer may go on. */
  private static final long WRITTEN_NANOS = TimeUnit.MILLISECONDS.toNanos(60);

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final WorkerMode mode;
  private final List<WorkerGroup> groups = new CopyOnWriteArrayList<>();
  private final AtomicInteger hosts = new AtomicInteger();
  private final AtomicInteger warm = new AtomicInteger();
  private final List<String> cold = new CopyOnWriteArrayList<>();
  private final List<String> firstCold = new CopyOnWriteArrayList<>();
  private boolean began;

  WarmPrograms(WorkerMode mode) {
    this.mode = mode;
  }

  /** Opens applications whose programs run like this, each with workers of its own. */
  static ApplicationContract.ApplicationUnderTest applications(WorkerMode mode) {
    return (program, silence) -> {
      Tools.require("perl");
      WarmPrograms programs = new WarmPrograms(mode);
      return new Hosted(
          programs.host(program).headerTimeout(silence).idleTimeout(silence).build(), programs);
    };
  }

  private record Hosted(CgiApplication application, WarmPrograms programs)
      implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      return application.call(environ, startResponse);
    }

    @Override
    public void close() {
      application.close();
      programs.endWorkers();
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    Tools.require("perl");
    began = true;
  }

  /** Options for a program that runs like this. */
  CgiApplication.Builder host(Path program) throws IOException {
    Path directory = program.toAbsolutePath().getParent();
    Path script =
        Files.createDirectory(directory.resolve("warm-" + NUMBER.incrementAndGet()))
            .resolve(program.getFileName());
    Programs.write(
        script, "#!/usr/bin/perl\nmy $p = '" + program.toAbsolutePath() + "';\nexec { $p } $p;\n");
    WorkerGroup group =
        WorkerGroup.builder("test")
            .mode(mode)
            .processes(2)
            .learn(false)
            .gracefulTimeout(Duration.ofSeconds(1))
            .eager()
            .build();
    groups.add(group);
    hosts.incrementAndGet();
    awaitWritten();
    CgiApplication.builder(script).workingDirectory(directory).workers(group).build();
    long start = System.nanoTime();
    while (group.status().stream().noneMatch(status -> status.state().equals("ready"))) {
      assertThat(System.nanoTime() - start)
          .as("waited: %s", group.status())
          .isLessThan(MAX_WAIT_NANOS);
      LockSupport.parkNanos(2_000_000);
    }
    AtomicBoolean asked = new AtomicBoolean();
    return CgiApplication.builder(script)
        .workingDirectory(directory)
        .workers(group)
        .onRun(run -> count(run, asked));
  }

  /** Waits until a file that has just been written is one that a server loads. */
  static void awaitWritten() {
    long start = System.nanoTime();
    // An interrupt of a test before this one may have left its permit, which ends a wait at once.
    while (System.nanoTime() - start < WRITTEN_NANOS) {
      LockSupport.parkNanos(WRITTEN_NANOS - (System.nanoTime() - start));
    }
  }

  private void count(CgiRun run, AtomicBoolean asked) {
    if (run.start().isEmpty()) {
      return;
    }
    boolean first = asked.compareAndSet(false, true);
    if (!run.start().equals("spawn")) {
      warm.incrementAndGet();
    } else if (first) {
      firstCold.add(run.coldReason());
    } else {
      cold.add(run.coldReason());
    }
  }

  /**
   * That each program's first run was warm, as its workers were ready, but for the one of several
   * that a test gives another working directory, where it has another server.
   */
  @Override
  public void afterTestExecution(ExtensionContext context) {
    endWorkers();
    List<String> reasons = List.copyOf(firstCold);
    int most = hosts.getAndSet(0) > 1 ? 1 : 0;
    firstCold.clear();
    assertThat(reasons).as("first runs that were cold").hasSizeLessThanOrEqualTo(most);
  }

  /** Ends the workers that {@link #host} has begun. */
  private void endWorkers() {
    groups.forEach(WorkerGroup::close);
    groups.clear();
  }

  /**
   * That most runs were warm. A worker that has become its program is gone with it: in REUSE mode a
   * program that is asked for again at once may be cold.
   */
  @Override
  public void afterAll(ExtensionContext context) {
    if (!began) {
      return;
    }
    assertThat(warm.get()).as("warm; cold: %s", cold).isPositive();
    if (mode == WorkerMode.FORK) {
      assertThat(warm.get()).as("warm; cold: %s", cold).isGreaterThan(3 * cold.size());
    }
  }

  /**
   * Whether that process ignores a signal that can end a service. It does if the tests were started
   * so, as by {@code nohup} or in the background of a shell.
   */
  static boolean ignores(String pid, String signal) throws IOException {
    int number = Map.of("HUP", 1, "INT", 2, "TERM", 15).get(signal);
    String ignored =
        Files.readAllLines(Path.of("/proc", pid, "status")).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    return (Long.parseUnsignedLong(ignored.substring(7).trim(), 16) >> number - 1 & 1) == 1;
  }

  /** Whether that process lives; a zombie does not. */
  static boolean isRunning(String pid) {
    try {
      String stat = Files.readString(Path.of("/proc", pid, "stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return false;
    }
  }
}
