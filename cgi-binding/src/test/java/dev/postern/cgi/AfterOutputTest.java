package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.process.InputGate;
import dev.postern.process.SilentBody;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that have more to do when their answer is whole. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
@ResourceLock("dev.postern.cgi logger")
class AfterOutputTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";
  private static final String DECLARED =
      "printf 'Content-Type: text/plain\\nContent-Length: 2\\n\\nok'";

  @TempDir Path directory;
  private final ProcessLimit limit = ProcessLimit.of(1, Duration.ofMillis(50));
  private final BlockingQueue<CgiRun> runs = new LinkedBlockingQueue<>();

  /** What is logged when the request has ended. */
  private static final Logger LOG = Logger.getLogger("dev.postern.cgi");

  private final List<String> log = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          if (line.getLevel().intValue() >= Level.WARNING.intValue()) {
            log.add(line.getMessage());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOG.addHandler(handler);
    LOG.setUseParentHandlers(false);
  }

  @AfterEach
  void listenNoMore() {
    LOG.setUseParentHandlers(true);
    LOG.removeHandler(handler);
  }

  /** A task runner of a wiki: 42 bytes, and then an index is written. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        DECLARED,
        DECLARED + "; exec >&-",
        HEAD + "; printf ok; exec >&-",
        HEAD + "; printf ok; exec >&- 2>&-",
        HEAD + "; printf ok; exec >/dev/null",
        DECLARED + "; printf 'and more'"
      })
  void attackE07_programThatWorksOn_isLetFinish(String answer) throws Exception {
    Application app = builder(answer, awaitGo(), "echo done >" + file("done")).build();

    Call call = Call.get("/").to(app);

    assertThat(call.body()).isEqualTo("ok");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(runs).isEmpty();
    assertThat(limit.available()).isZero();
    assertThat(Call.get("/").to(app).status).isEqualTo(503);
    assertThat(runs.take().rule()).isEqualTo("process-limit");

    Files.createFile(file("go"));
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.limits()).doesNotContain("term", "kill", "after-output");
    assertThat(run.failure()).isNull();
    assertThat(file("done")).hasContent("done");
    assertThat(limit.available()).isEqualTo(1);
  }

  /** Its client has the whole answer with the head, which the program need not know. */
  @ParameterizedTest
  @CsvSource({
    "HEAD, 200, printf ok",
    "HEAD, 200, head -c 1000000 /dev/zero",
    "HEAD, 404, exec >&-",
    "GET, 204, printf ok",
    "GET, 204, exec >&-",
    "GET, 205, true",
    "GET, 304, printf ok",
  })
  void r19_answerWithoutABody_letsItsProgramFinish(String method, int status, String body)
      throws Exception {
    String head = "printf 'Status: " + status + "\\nContent-Type: text/plain\\n\\n'";
    Application app = builder(head, body, awaitGo(), "echo done >" + file("done")).build();

    Call call = Call.of(method, "/").to(app);

    assertThat(call.status).isEqualTo(status);
    assertThat(call.body()).isEmpty();
    assertThat(call.outcome.complete()).isTrue();
    assertThat(runs).isEmpty();
    assertThat(limit.available()).isZero();
    Files.createFile(file("go"));
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.limits()).doesNotContain("term", "kill", "after-output");
    assertThat(file("done")).hasContent("done");
  }

  /** Nobody waits for a program that writes on and on to a client that gets none of it. */
  @ParameterizedTest
  @CsvSource({"HEAD, 200", "GET, 204", "GET, 304"})
  void r19_endlessBodyThatNobodyGets_isEndedAtOnceAndCounted(String method, int status)
      throws Exception {
    String head = "printf 'Status: " + status + "\\nContent-Type: text/plain\\n\\n'";
    CgiApplication app = builder(head, "exec yes").afterOutput(Duration.ofSeconds(1)).build();
    CgiRun run;
    do {
      Call call = Call.of(method, "/").to(app);
      assertThat(call.status).isEqualTo(status);
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.log()).isEmpty();
      run = runs.take();
      // A program that gets no processor for a moment looks like one that has written all.
    } while (run.limits().contains("after-output"));
    assertThat(run.limits()).contains("unsent-body");
    assertThat(app.refusals().count("unsent-body")).isEqualTo(1);
    assertThat(limit.available()).isEqualTo(1);
  }

  /** It writes little, so that only its time ends it; its request is over at once. */
  @ParameterizedTest
  @CsvSource({"HEAD, 200", "GET, 204", "GET, 205", "GET, 304"})
  void drippingBodyThatNobodyGets_endsWithItsTimeAndHoldsNoRequest(String method, int status)
      throws Exception {
    String head = "printf 'Status: " + status + "\\nContent-Type: text/plain\\n\\n'";
    CgiApplication app =
        builder(head, "while :; do echo drop; sleep 0.02; done")
            .afterOutput(Duration.ofMillis(300))
            .build();

    Call call = Call.of(method, "/").to(app);

    assertThat(call.status).isEqualTo(status);
    assertThat(call.outcome.complete()).isTrue();
    CgiRun run = runs.take();
    assertThat(run.limits()).contains("after-output", "term").doesNotContain("unsent-body");
    assertThat(limit.available()).isEqualTo(1);
  }

  /** Its request is over before it has written so much. */
  @Test
  void muchThatNobodyGets_endsTheProgramAlsoAfterItsRequest() throws Exception {
    CgiApplication app =
        builder(HEAD, "while :; do head -c 200000 /dev/zero; sleep 0.05; done").build();

    assertThat(Call.of("HEAD", "/").to(app).outcome.complete()).isTrue();
    CgiRun run = runs.take();
    assertThat(run.limits()).contains("unsent-body").doesNotContain("after-output");
    assertThat(app.refusals().count("unsent-body")).isEqualTo(1);
    assertThat(limit.available()).isEqualTo(1);
  }

  /** A middleware tells a client that it has the page already. */
  @Test
  void r19_notModifiedOfAMiddleware_letsItsProgramFinish() throws Exception {
    Application app = builder(HEAD, "printf ok", awaitGo(), "echo done >" + file("done")).build();
    Application conditional =
        (environ, start) -> {
          Body body = app.call(environ, (status, headers, error) -> {});
          start.start(304, Headers.of());
          return body;
        };

    Call call = Call.get("/").with("HTTP_IF_NONE_MATCH", "\"x\"").to(conditional);

    assertThat(call.status).isEqualTo(304);
    Files.createFile(file("go"));
    assertThat(runs.take().exit()).isEqualTo("exit 0");
    assertThat(file("done")).hasContent("done");
  }

  /** A middleware answers by the head alone, or by a page of its own. */
  @ParameterizedTest
  @CsvSource({"HEAD, 200", "GET, 412", "GET, 500"})
  void bodyThatAMiddlewareDoesNotTake_letsItsProgramFinish(String method, int status)
      throws Exception {
    Application app = builder(HEAD, "printf ok", awaitGo(), "echo done >" + file("done")).build();
    Application replacing =
        (environ, start) -> {
          Environ get = environ.copy();
          get.put("REQUEST_METHOD", "GET");
          Body body = app.call(get, (programStatus, headers, error) -> {});
          start.start(status, Headers.of("Content-Type", "text/plain"));
          if (status == 200) {
            return body;
          }
          body.close();
          return Body.of("page");
        };

    Call call = Call.of(method, "/").to(replacing);

    assertThat(call.status).isEqualTo(status);
    assertThat(call.outcome.complete()).isTrue();
    Files.createFile(file("go"));
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.limits()).doesNotContain("term");
    assertThat(file("done")).hasContent("done");
  }

  /** The client has all of the answer, so that no end of the program can take it back. */
  @ParameterizedTest
  @CsvSource({
    "kill -SEGV $$, signal 11",
    "sleep 0.3; kill -SEGV $$, signal 11",
    "exit 130, signal 2",
    "sleep 0.3; exit 130, signal 2",
    "exit 1, exit 1",
    "sleep 0.3; exit 1, exit 1",
  })
  void wholeAnswer_isWholeHoweverItsProgramEnds(String end, String exit) throws Exception {
    Application app = builder(DECLARED, end).strictExit().build();

    Call call = Call.get("/").to(app);

    assertThat(call.body()).isEqualTo("ok");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.outcome.failure()).isNull();
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo(exit);
    assertThat(run.failure()).isNull();
    assertThat(log).containsExactly("p: program must end with 0: " + exit + " [exit]");
  }

  /** It has time to work on, and not to write what nobody gets. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        DECLARED + "; exec yes",
        DECLARED + "; sleep 0.3; exec yes",
        "printf 'Location: http://example.com/\\n\\nno type'; exec yes",
      })
  void endlessOutputBehindTheAnswer_isEndedAndCounted(String answer) throws Exception {
    CgiApplication app = builder(answer).build();

    assertThat(Call.get("/").to(app).outcome.complete()).isTrue();
    CgiRun run = runs.poll(30, TimeUnit.SECONDS);
    assertThat(run).isNotNull();
    assertThat(run.limits()).contains("unsent-body").doesNotContain("after-output");
    assertThat(run.failure()).isNull();
    assertThat(app.refusals().count("unsent-body")).isEqualTo(1);
    assertThat(limit.available()).isEqualTo(1);
  }

  @Test
  void attackE07_programThatComputesOn_keepsNobodyWaiting() throws Exception {
    Application app =
        builder(HEAD, "printf ok; exec >&-", "while [ ! -e " + file("go") + " ]; do :; done")
            .build();
    long start = System.nanoTime();

    assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
    assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
    assertThat(runs).isEmpty();
    Files.createFile(file("go"));
    assertThat(runs.take().exit()).isEqualTo("exit 0");
  }

  @Test
  void attackE07_programThatNeverEnds_isEndedCountedAndLogged() throws Exception {
    CgiApplication app =
        builder(DECLARED, "exec sleep 987").afterOutput(Duration.ofMillis(100)).build();

    Call call = Call.get("/").to(app);
    assertThat(call.outcome.complete()).isTrue();

    CgiRun run = runs.take();
    assertThat(run.limits()).contains("after-output", "term");
    assertThat(run.exit()).isEqualTo("signal 15");
    assertThat(run.rule()).isEmpty();
    assertThat(log)
        .containsExactly("p: program must end within PT0.1S of its answer [after-output]");
    assertThat(app.refusals().count("after-output")).isEqualTo(1);
    assertThat(limit.available()).isEqualTo(1);
  }

  @Test
  void attackE07_standardError_isLoggedOnce() throws Exception {
    Application app = builder("echo before >&2", DECLARED, awaitGo(), "echo after >&2").build();

    Call call = Call.get("/").to(app);
    Files.createFile(file("go"));

    assertThat(runs.take().errorBytes()).isEqualTo("before\nafter\n".length());
    assertThat(call.log()).containsOnlyOnce("p: before").doesNotContain("p: after");
    assertThat(log).containsExactly("p: after");
  }

  @Test
  void attackE07_bodyThatIsNotRead_isLeftToItsRequest() throws Exception {
    Application app =
        builder(DECLARED, awaitGo(), "cat | wc -c >" + file("count"))
            .afterOutput(Duration.ofMillis(500))
            .build();

    Call call = Call.post("/", new byte[1 << 20]).to(app);
    assertThat(call.outcome.complete()).isTrue();
    Files.createFile(file("go"));
    // Nobody writes more of it: were its input ended here, it would take a part for all.
    assertThat(runs.take().limits()).contains("after-output");
    assertThat(log).anyMatch(line -> line.endsWith("of its answer [after-output]"));
  }

  /** The client is cut off while it sends the body, of which the program has read a part. */
  @Test
  void bodyThatFailsAfterTheAnswer_endsNeitherTheProgramNorItsInput() throws Exception {
    Application app =
        builder(DECLARED, "cat >" + file("input") + "; echo all >" + file("all"))
            .afterOutput(Duration.ofSeconds(1))
            .build();

    assertThat(failBodyAfterTheAnswer(app).body()).isEqualTo("ok");
    CgiRun run = runs.take();
    assertThat(run.limits()).contains("after-output");
    assertThat(run.failure()).isNull();
    assertThat(file("all")).doesNotExist();
    assertThat(log).containsExactly("p: program must end within PT1S of its answer [after-output]");
  }

  @Test
  void bodyThatFailsAfterTheAnswer_letsTheProgramFinish() throws Exception {
    Application app = builder(DECLARED, awaitGo(), "echo done >" + file("done")).build();

    assertThat(failBodyAfterTheAnswer(app).outcome.complete()).isTrue();
    Files.createFile(file("go"));
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.limits()).doesNotContain("term");
    assertThat(file("done")).exists();
    assertThat(log).isEmpty();
  }

  /** A request whose body fails when the program has left it, and is waited for. */
  private static Call failBodyAfterTheAnswer(Application app) throws Exception {
    SilentBody body = new SilentBody(100);
    Call call = Call.of("POST", "/").length(1 << 20).input(body);
    Thread request = new Thread(() -> call.to(app));
    request.start();
    try {
      await(() -> isIn(request, InputGate.class, "close"));
    } finally {
      body.giveUp();
      request.join();
    }
    return call;
  }

  private static boolean isIn(Thread thread, Class<?> type, String method) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(f -> f.getClassName().equals(type.getName()) && f.getMethodName().equals(method));
  }

  @Test
  void clientThatLeftBefore_endsTheProgram() throws Exception {
    Application app = builder(HEAD, "exec yes").build();
    Call call = Call.get("/");
    call.goneAfter = 100_000;

    assertThat(call.to(app).outcome.complete()).isFalse();
    assertThat(runs).hasSize(1);
    assertThat(limit.available()).isEqualTo(1);
  }

  private CgiApplication.Builder builder(String... lines) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, "p", lines)).limit(limit).onRun(runs::add);
  }

  private String awaitGo() {
    return "while [ ! -e " + file("go") + " ]; do sleep 0.02; done";
  }

  private Path file(String name) {
    return directory.resolve(name);
  }
}
