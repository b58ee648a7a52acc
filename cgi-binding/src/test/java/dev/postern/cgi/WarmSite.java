package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** A directory of scripts that is hosted twice: by a group of workers, and by spawning. */
final class WarmSite implements AutoCloseable {
  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(20);

  final Path directory;
  final WorkerGroup group;

  /** How a request that is served warm is started. */
  private final String how;

  final List<WorkerStatus> changes = new CopyOnWriteArrayList<>();
  final List<CgiRun> runs = new CopyOnWriteArrayList<>();
  final CgiDirectory warm;
  final CgiDirectory spawning;

  /** What a client and the log see of a run. */
  record Answer(int status, String type, String body, String log, String exit, boolean complete) {}

  WarmSite(Path directory) {
    this(directory, group -> group, host -> host);
  }

  WarmSite(
      Path directory,
      UnaryOperator<WorkerGroup.Builder> options,
      UnaryOperator<CgiDirectory.Builder> hostOptions) {
    this(directory, WorkerMode.FORK, options, hostOptions);
  }

  WarmSite(
      Path directory,
      WorkerMode mode,
      UnaryOperator<WorkerGroup.Builder> options,
      UnaryOperator<CgiDirectory.Builder> hostOptions) {
    this.directory = directory;
    this.how = mode == WorkerMode.FORK ? "fork" : "reuse";
    this.group =
        options
            .apply(
                WorkerGroup.builder("test")
                    .mode(mode)
                    .gracefulTimeout(Duration.ofSeconds(30))
                    .onChange(changes::add))
            .build();
    try {
      this.warm =
          hostOptions
              .apply(CgiDirectory.builder(directory))
              .delegate("/**", group)
              .onRun(runs::add)
              .build();
      this.spawning = hostOptions.apply(CgiDirectory.builder(directory)).build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes a script, and a moment passes: one that has just changed is not loaded. */
  Path script(String name, String... lines) throws IOException {
    return Programs.write(directory.resolve(name), String.join("\n", lines) + "\n");
  }

  /** The run of the request that was asked last. */
  CgiRun last() {
    return runs.get(runs.size() - 1);
  }

  /**
   * The answer of a child, or a worker. Whatever answers before there is one must answer the same.
   */
  Answer fork(Supplier<Call> request) {
    Answer answer = ask(request);
    long start = System.nanoTime();
    while (!last().start().equals(how)) {
      assertThat(System.nanoTime() - start).as("waited: %s", last()).isLessThan(MAX_WAIT_NANOS);
      LockSupport.parkNanos(5_000_000);
      Answer next = ask(request);
      assertThat(next.status()).isEqualTo(answer.status());
      answer = next;
    }
    return answer;
  }

  /**
   * The first answer of a child whose log has that text, as when the child finds a module loaded.
   * Each answer is looked at, this one, too.
   */
  Answer forkUntilLogged(String text, Supplier<Call> request, Consumer<Answer> look) {
    long start = System.nanoTime();
    Answer answer = fork(request);
    look.accept(answer);
    while (!answer.log().contains(text)) {
      Awaited.inTime(start, answer.log());
      answer = fork(request);
      look.accept(answer);
    }
    return answer;
  }

  /** One request to the host with workers, whoever answers. */
  Answer ask(Supplier<Call> request) {
    Call call = request.get().to(warm);
    return answer(call);
  }

  /** The answer of a process of its own. */
  Answer spawn(Supplier<Call> request) {
    return answer(request.get().to(spawning));
  }

  /** That a child, and the ones after it, answer as a process of its own does. */
  Answer assertSame(Supplier<Call> request) {
    Answer spawned = spawn(request);
    for (int i = 0; i < 2; i++) {
      assertThat(fork(request)).as("request " + i).isEqualTo(spawned);
    }
    return spawned;
  }

  private static Answer answer(Call call) {
    return new Answer(
        call.status,
        String.valueOf(call.headers.get("Content-Type")),
        call.body(),
        call.log(),
        String.valueOf(call.outcome.facts().get("cgi.exit")),
        call.outcome.complete());
  }

  /** The status of a script, which was asked for. */
  WorkerStatus status(String name) {
    return group.status().stream()
        .filter(s -> s.program().endsWith(name))
        .reduce((first, last) -> last)
        .orElseThrow();
  }

  /** Asks until a script's state is so. */
  WorkerStatus await(String name, String state) {
    long start = System.nanoTime();
    while (true) {
      Call.get("/" + name).to(warm);
      WorkerStatus status = status(name);
      if (status.state().equals(state)) {
        return status;
      }
      assertThat(System.nanoTime() - start).as("waited: %s", status).isLessThan(MAX_WAIT_NANOS);
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Override
  public void close() {
    group.close();
    warm.close();
    spawning.close();
  }
}
