package dev.postern.cgi;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of each run. */
class CgiRunTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  @TempDir Path directory;
  private final List<CgiRun> runs = new CopyOnWriteArrayList<>();

  @Test
  void wholeRun_isToldWithItsFigures() throws IOException {
    Call.post("/", new byte[1000]).to(app(HEAD, "cat", "printf err >&2"));

    CgiRun run = only();
    assertThat(run.program()).isEqualTo(directory.resolve("p"));
    assertThat(run.status()).isEqualTo(200);
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.bytesIn()).isEqualTo(1000);
    assertThat(run.bytesOut()).isEqualTo("Content-Type: text/plain\n\n".length() + 1000);
    assertThat(run.errorBytes()).isEqualTo(3);
    assertThat(run.limits()).isEmpty();
    assertThat(run.failure()).isNull();
    assertThat(run.rule()).isEmpty();
    assertThat(run.queueTime()).isLessThan(run.totalTime());
    assertThat(run.startTime()).isPositive();
    assertThat(run.firstByteTime()).isPositive();
    assertThat(run.totalTime())
        .isGreaterThan(run.queueTime().plus(run.startTime()).plus(run.firstByteTime()));
    assertThat(run).asString().contains("p, status 200").doesNotContain("limits");
  }

  @Test
  void streamedAndSpooledBodies_areCounted() throws IOException {
    Application app = app(HEAD, "cat >/dev/null");
    Call.post("/", new byte[300_000]).to(app);
    Call.of("POST", "/").input(new ByteArrayInputStream(new byte[200_000])).to(app);

    assertThat(runs).extracting(CgiRun::bytesIn).containsExactly(300_000L, 200_000L);
  }

  @Test
  void keptRun_hasWhatWentInAndOut() throws IOException {
    Application app =
        builder(HEAD + "; cat; printf err >&2; exit 3")
            .environment("A", "b")
            .arguments(List.of("one", "two words"))
            .keepRuns(100)
            .build();
    Call.post("/", new byte[1000]).to(app);

    KeptRun kept = only().kept();
    Path program = directory.resolve("p");
    assertThat(kept).isNotNull();
    assertThat(kept.command()).containsExactly(program.toString(), "one", "two words");
    assertThat(kept.directory()).isEqualTo(directory);
    assertThat(kept.environment()).containsEntry("A", "b").containsEntry("CONTENT_LENGTH", "1000");
    assertThat(kept.input()).isEqualTo(new byte[100]);
    assertThat(new String(kept.output(), US_ASCII))
        .startsWith("Content-Type: text/plain\n\n")
        .hasSize(100);
    assertThat(new String(kept.errors(), US_ASCII)).isEqualTo("err");
    assertThat(only().bytesIn()).isEqualTo(1000);
  }

  @Test
  void keptRun_hasStreamedBodiesWithinItsBound() throws IOException {
    byte[] body = new byte[300_000];
    java.util.Arrays.fill(body, (byte) 'x');
    Call.post("/", body).to(builder(HEAD + "; cat").keepRuns(200_000).build());

    assertThat(only().kept().input()).isEqualTo(java.util.Arrays.copyOf(body, 200_000));
    assertThat(only().kept().output()).hasSize(200_000);
  }

  @Test
  void keptRun_isThereWhenAskedForAlone() throws IOException {
    Call.get("/").to(builder("exit 0").build());
    assertThat(only().kept()).isNull();

    assertThatThrownBy(() -> builder("exit 0").keepRuns(0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void keptRun_ofARefusalHasNoCommand() throws IOException {
    Call.post("/", new byte[11]).to(builder("exit 0").maxBody(10).keepRuns(100).build());

    assertThat(only().kept().command()).isEmpty();
    assertThat(only().kept().directory()).isNull();
    assertThat(only().kept().environment()).isEmpty();
  }

  @Test
  void refusalBeforeTheStart_isTold() throws IOException {
    Application app = builder("exit 0").maxBody(10).build();
    Call.post("/", new byte[11]).to(app);

    CgiRun run = only();
    assertThat(run.status()).isEqualTo(413);
    assertThat(run.rule()).isEqualTo("body-too-large");
    assertThat(run.limits()).containsExactly("body-too-large");
    assertThat(run.exit()).isEmpty();
    assertThat(run.startTime()).isNull();
    assertThat(run.firstByteTime()).isNull();
  }

  @Test
  void directory_tellsOfChosenProgramsOnly() throws IOException {
    Programs.sh(directory, "p", HEAD);
    Files.writeString(directory.resolve("text"), "no program");
    Application app = CgiDirectory.builder(directory).onRun(runs::add).build();

    assertThat(Call.get("/none").to(app).status).isEqualTo(404);
    assertThat(runs).isEmpty();
    assertThat(Call.get("/text").to(app).status).isEqualTo(403);
    assertThat(Call.get("/p").to(app).status).isEqualTo(200);
    assertThat(runs).extracting(CgiRun::status).containsExactly(403, 200);
    assertThat(runs.get(0).rule()).isEqualTo("not-executable");
  }

  @Test
  void badOutput_hasItsDiagnosis() throws IOException {
    Call.get("/").to(app("echo nonsense"));

    assertThat(only().status()).isEqualTo(502);
    assertThat(only().failure()).isInstanceOf(dev.postern.GatewayException.class);
    assertThat(only().rule()).isNotEmpty();
  }

  @Test
  void silence_isALimitAndEndsTheProgram() throws IOException {
    Application app =
        builder("trap '' TERM", "while :; do sleep 987; done")
            .headerTimeout(Duration.ofMillis(300))
            .build();
    Call.get("/").to(app);

    assertThat(only().status()).isEqualTo(504);
    assertThat(only().exit()).isEqualTo("signal 9");
    assertThat(only().limits()).containsExactlyInAnyOrder("program-timeout", "term", "kill");
  }

  @Test
  void cutAfterTheHead_keepsTheStatusThatWasSent() throws IOException {
    Call.get("/").to(app(HEAD, "printf half", "kill -9 $$"));

    assertThat(only().status()).isEqualTo(200);
    assertThat(only().rule()).isEqualTo("bad-exit");
    assertThat(only().exit()).isEqualTo("signal 9");
  }

  @Test
  void clientThatHasGone_isAnAbort() throws IOException {
    Call call = Call.get("/");
    call.goneAfter = 100_000;
    call.to(app(HEAD, "exec yes"));

    assertThat(only().failure()).isNotNull();
    assertThat(only().rule()).isIn("aborted", "cancelled");
  }

  @Test
  void cancelled_isTold() throws Exception {
    Application app = app("echo $$ >" + directory + "/pid", "exec sleep 987");
    Call call = Call.get("/");
    Exchange exchange = call.prepare();
    Thread canceller =
        new Thread(
            () -> {
              while (!Files.exists(directory.resolve("pid"))) {
                LockSupport.parkNanos(1_000_000);
              }
              exchange.cancel(new IOException("client has gone"));
            });
    canceller.start();
    call.run(app);
    canceller.join();

    assertThat(only().rule()).isEqualTo("cancelled");
    assertThat(only().status()).isZero();
    assertThat(only().limits()).contains("term");
  }

  @Test
  void fullLimit_isToldWithTheWait() throws Exception {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofMillis(50));
    limit.permits().acquire(0);
    Call.get("/").to(builder(HEAD).limit(limit).build());
    limit.permits().release();

    assertThat(only().status()).isEqualTo(503);
    assertThat(only().limits()).containsExactly("process-limit");
    assertThat(only().queueTime()).isGreaterThanOrEqualTo(Duration.ofMillis(50));
  }

  @Test
  void localRedirect_isARunOfItsOwn() throws IOException {
    Application target =
        Application.of(environ -> Response.of(404, Headers.of(), Body.of("not here")));
    Call call =
        Call.get("/").to(builder("printf 'Location: /x\\n\\n'").localRedirects(target).build());

    assertThat(call.status).isEqualTo(404);
    assertThat(only().status()).isEqualTo(302);
    assertThat(only().rule()).isEmpty();
  }

  @Test
  void brokenListener_breaksNothing() throws IOException {
    Consumer<CgiRun> broken =
        run -> {
          throw new IllegalStateException("full");
        };
    Path program = Programs.sh(directory, "p", HEAD);
    Call call =
        Call.get("/").to(CgiApplication.builder(program).onRun(broken).onRun(runs::add).build());

    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.log()).contains("listener of runs must not throw");
    assertThat(runs).hasSize(1);
  }

  @Test
  void recorder_hasTheSame() throws IOException {
    Path file = directory.resolve("run.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("dev.postern.ProgramRun");
      recording.start();
      Call.get("/").to(app(HEAD, "printf body", "exit 3"));
      recording.stop();
      recording.dump(file);
    }

    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().equals("dev.postern.ProgramRun"))
            .toList();
    assertThat(events).hasSize(1);
    RecordedEvent event = events.get(0);
    assertThat(event.getString("program")).isEqualTo(directory.resolve("p").toString());
    assertThat(event.getString("exit")).isEqualTo("exit 3");
    assertThat(event.getLong("bytesOut")).isEqualTo(only().bytesOut());
    assertThat(event.getDuration("totalTime")).isEqualTo(only().totalTime());
  }

  private CgiRun only() {
    assertThat(runs).hasSize(1);
    return runs.get(0);
  }

  private CgiApplication.Builder builder(String... lines) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, "p", lines)).onRun(runs::add);
  }

  private Application app(String... lines) throws IOException {
    return builder(lines).build();
  }
}
