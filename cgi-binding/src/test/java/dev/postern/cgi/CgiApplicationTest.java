package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgiApplicationTest {
  @TempDir Path directory;

  @Test
  void document_isPassedOn() throws IOException {
    Call call = Call.get("/x").to(app("printf 'Content-Type: text/plain\\r\\nX-A: b\\n\\nHello'"));

    assertThat(call.status).isEqualTo(200);
    assertThat(call.headers.get("content-type")).isEqualTo("text/plain");
    assertThat(call.headers.get("X-A")).isEqualTo("b");
    assertThat(call.body()).isEqualTo("Hello");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.outcome.failure()).isNull();
    assertThat(call.outcome.facts()).containsEntry("cgi.exit", "exit 0");
  }

  @Test
  void environment_isBuiltFromEmpty() throws IOException {
    Call call =
        Call.get("/a b")
            .with("SCRIPT_NAME", "/s")
            .with("QUERY_STRING", "x=1&y")
            .with("HTTP_ACCEPT", "*/*")
            .with("HTTP_PROXY", "http://evil")
            .with("HTTP_AUTHORIZATION", "Basic c2VjcmV0")
            .with("HTTP_CONNECTION", "X-Hop, close")
            .with("HTTP_X_HOP", "1")
            .with("HTTP_TE", "trailers")
            .with("SECRET", "1")
            .to(app("printf 'Content-Type: text/plain\\n\\n'; env | sort"));

    assertThat(call.body().lines())
        .contains("PATH_INFO=/a b", "SCRIPT_NAME=/s", "QUERY_STRING=x=1&y", "HTTP_ACCEPT=*/*")
        .contains("GATEWAY_INTERFACE=CGI/1.1", "REQUEST_METHOD=GET")
        .contains("SCRIPT_FILENAME=" + directory.resolve("p"))
        .noneMatch(
            line ->
                line.startsWith("HTTP_PROXY")
                    || line.startsWith("REDIRECT_STATUS")
                    || line.startsWith("HTTP_AUTHORIZATION")
                    || line.startsWith("HTTP_CONNECTION")
                    || line.startsWith("HTTP_X_HOP")
                    || line.startsWith("HTTP_TE")
                    || line.startsWith("SECRET")
                    || line.startsWith("CONTENT_LENGTH")
                    || line.startsWith("JAVA_HOME"));
  }

  @Test
  void interpreter_runsAFileThatNeedsNoExecuteBit() throws IOException {
    Path file = directory.resolve("page.txt");
    Files.writeString(
        file, "printf 'Content-Type: text/plain\\n\\n'; printf '%s|' \"$0\" \"$PWD\" \"$@\"");
    Application app =
        CgiApplication.builder(file)
            .interpreter(List.of("/usr/bin/env", "X=1", "/bin/sh"))
            .arguments(List.of("a b", "*"))
            .build();

    assertThat(Call.get("/").to(app).body()).isEqualTo(file + "|" + directory + "|a b|*|");
  }

  @Test
  void interpreterThatIsNotThere_isOurFault() throws IOException {
    Path file = Files.writeString(directory.resolve("page.txt"), "exit 0");
    Application app =
        CgiApplication.builder(file).interpreter(List.of(directory + "/none")).build();

    Call call = Call.get("/").to(app);
    assertThat(call.status).isEqualTo(500);
    assertThat(call.outcome.failure()).hasMessageContaining("interpreter");
  }

  @Test
  void interpreterAndArguments_areForProgramsThatAreStarted() {
    CgiApplication.Builder inside =
        CgiApplication.builder(JavaProgram.of(directory.resolve("x.jar")));

    assertThatThrownBy(() -> inside.arguments(List.of("a")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> inside.interpreter(List.of("/bin/sh")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> CgiApplication.builder(directory).interpreter(List.of("sh")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void catOf10MB_echoesWhileItIsSent() throws IOException {
    byte[] body = new byte[10 << 20];
    for (int i = 0; i < body.length; i++) {
      body[i] = (byte) (i * 31 >> 3);
    }
    Call call = Call.post("/", body).to(app("printf 'Content-Type: text/plain\\n\\n'", "exec cat"));

    assertThat(call.bytes()).isEqualTo(body);
    assertThat(call.outcome.complete()).isTrue();
  }

  @Test
  void unknownLength_isSpooledAndCounted() throws IOException {
    byte[] body = new byte[200_000];
    Arrays.fill(body, (byte) 'x');
    Call call =
        Call.of("POST", "/")
            .input(new ByteArrayInputStream(body))
            .to(app("printf 'Content-Type: text/plain\\n\\n%s ' \"$CONTENT_LENGTH\"; wc -c"));

    assertThat(call.body().trim()).isEqualTo("200000 200000");
  }

  @Test
  void bodyOverTheLimit_is413BeforeStart() throws IOException {
    Path mark = directory.resolve("started");
    Application app =
        CgiApplication.builder(Programs.sh(directory, "p", "touch " + mark)).maxBody(10).build();

    assertThat(Call.post("/", new byte[11]).to(app).status).isEqualTo(413);
    assertThat(Call.of("POST", "/").input(new ByteArrayInputStream(new byte[11])).to(app).status)
        .isEqualTo(413);
    assertThat(mark).doesNotExist();
  }

  @Test
  void shortRequestBody_is400AndTheProgramSeesNoCleanEnd() throws IOException {
    Path mark = directory.resolve("clean");
    Call call =
        Call.of("POST", "/")
            .length(300_000)
            .input(new ByteArrayInputStream(new byte[200_000]))
            .to(
                app(
                    "cat >/dev/null && touch " + mark,
                    "printf 'Content-Type: text/plain\\n\\nok'"));

    assertThat(call.status).isEqualTo(400);
    assertThat(mark).doesNotExist();
  }

  @Test
  void programThatNeverReads_answersAllTheSame() throws IOException {
    Call call =
        Call.post("/", new byte[10 << 20]).to(app("printf 'Content-Type: text/plain\\n\\nok'"));

    assertThat(call.body()).isEqualTo("ok");
    assertThat(call.outcome.complete()).isTrue();
  }

  @Test
  void stderrFlood_beforeReadingInput_doesNotDeadlock() throws IOException {
    CgiApplication app =
        CgiApplication.of(
            Programs.sh(
                directory,
                "p",
                "head -c 3000000 /dev/zero | tr '\\0' 'e' >&2",
                "printf 'Content-Type: text/plain\\n\\n'; wc -c"));
    Call call = Call.post("/", new byte[1 << 20]).to(app);

    assertThat(call.body().trim()).isEqualTo("1048576");
    assertThat(call.log()).contains("bytes of standard error before these were dropped");
    assertThat(app.refusals().count("stderr-dropped")).isEqualTo(1);
  }

  @Test
  void attackJ06_hangingProgram_is504AndItsGroupEnds() throws IOException {
    Application app =
        CgiApplication.builder(
                Programs.sh(
                    directory, "p", "sleep 987 &", "echo $! >" + directory + "/pid", "sleep 987"))
            .headerTimeout(Duration.ofMillis(500))
            .build();
    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(504);
    long grandchild = Long.parseLong(Files.readString(directory.resolve("pid")).trim());
    assertThat(isRunning(grandchild)).isFalse();
  }

  @Test
  void silenceAfterTheHead_cutsTheResponse() throws IOException {
    Application app =
        CgiApplication.builder(
                Programs.sh(
                    directory, "p", "printf 'Content-Type: text/plain\\n\\nhalf'", "sleep 987"))
            .idleTimeout(Duration.ofMillis(300))
            .build();
    Call call = Call.get("/").to(app);

    assertThat(call.aborted).isTrue();
    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.body()).isEqualTo("half");
  }

  @Test
  void killedProgram_neverLooksWhole() throws IOException {
    Call call = Call.get("/").to(app("printf 'Content-Type: text/plain\\n\\nhalf'", "kill -9 $$"));

    assertThat(call.outcome.complete()).isFalse();
  }

  @Test
  void contentLength_isKeptCutAndMissed() throws IOException {
    Call kept =
        Call.get("/").to(app("printf 'Content-Type: text/plain\\nContent-Length: 2\\n\\nok'"));
    Call cut =
        Call.get("/").to(app("printf 'Content-Type: text/plain\\nContent-Length: 2\\n\\nokSEE'"));
    Call missed =
        Call.get("/").to(app("printf 'Content-Type: text/plain\\nContent-Length: 20\\n\\nok'"));

    assertThat(kept.body()).isEqualTo("ok");
    assertThat(kept.outcome.failure()).isNull();
    assertThat(cut.body()).isEqualTo("ok");
    assertThat(cut.outcome.complete()).isTrue();
    assertThat(cut.outcome.failure()).isNotNull();
    assertThat(missed.outcome.complete()).isFalse();
  }

  @Test
  void clientThatGoesAway_endsTheProgram() throws IOException {
    Call call = Call.get("/");
    call.goneAfter = 100_000;
    long start = System.nanoTime();
    call.to(
        app(
            "echo $$ >" + directory + "/pid",
            "printf 'Content-Type: text/plain\\n\\n'",
            "exec yes"));

    assertThat(call.outcome.complete()).isFalse();
    assertThat(isRunning(Long.parseLong(Files.readString(directory.resolve("pid")).trim())))
        .isFalse();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
  }

  @Test
  void cancel_wakesASilentProgramAndEndsIt() throws Exception {
    Application app = app("echo $$ >" + directory + "/pid", "sleep 987");
    Call call = Call.get("/");
    var exchange = call.prepare();
    CountDownLatch done = new CountDownLatch(1);
    Thread canceller =
        new Thread(
            () -> {
              while (!Files.exists(directory.resolve("pid"))) {
                LockSupport.parkNanos(1_000_000);
              }
              exchange.cancel(new IOException("client has gone"));
              done.countDown();
            });
    canceller.start();
    call.run(app);
    done.await();

    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.outcome.failure()).hasMessage("client has gone");
  }

  @Test
  void grandchildOutput_afterTheLeaderHasGone_isNotLost() throws IOException {
    // The JDK's reaper must not come before the pump, as it may when the leader ends at once.
    Application app =
        app("printf 'Content-Type: text/plain\\n\\n'", "(sleep 0.3; echo late) &", "sleep 0.1");
    for (int i = 0; i < 5; i++) {
      assertThat(Call.get("/").to(app).body()).isEqualTo("late\n");
    }
  }

  @Test
  void grandchildThatHoldsThePipe_isEndedAfterTheGrace() throws IOException {
    Call call =
        Call.get("/")
            .to(
                app(
                    "printf 'Content-Type: text/plain\\n\\nall'",
                    "sleep 987 &",
                    "echo $! >" + directory + "/pid",
                    "sleep 0.1"));

    assertThat(call.body()).isEqualTo("all");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(isRunning(Long.parseLong(Files.readString(directory.resolve("pid")).trim())))
        .isFalse();
  }

  @Test
  void programThatClosesItsOutputAndLivesOn_isEndedAfterTheResponse() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    Path program =
        Programs.sh(
            directory,
            "p",
            "echo $$ >" + directory + "/pid",
            "printf 'Content-Type: text/plain\\n\\nall'",
            "exec >&- 2>&-",
            "sleep 987");
    Call call =
        Call.get("/")
            .to(
                CgiApplication.builder(program)
                    .afterOutput(Duration.ofMillis(50))
                    .onRun(run -> ended.countDown())
                    .build());

    assertThat(call.body()).isEqualTo("all");
    assertThat(call.outcome.complete()).isTrue();
    ended.await();
    assertThat(isRunning(Long.parseLong(Files.readString(directory.resolve("pid")).trim())))
        .isFalse();
  }

  @Test
  void placesAreGivenBack_onEveryPath() throws IOException {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofMillis(100));
    Application good = limited(limit, "good", "printf 'Content-Type: text/plain\\n\\nok'");
    Application bad = limited(limit, "bad", "echo nonsense");
    Application silent = limited(limit, "silent", "exit 3");
    for (int i = 0; i < 3; i++) {
      assertThat(Call.get("/").to(bad).status).isEqualTo(502);
      assertThat(Call.get("/").to(silent).status).isEqualTo(502);
      assertThat(Call.of("HEAD", "/").to(good).status).isEqualTo(200);
      assertThat(Call.post("/", new byte[100]).length(200).to(good).status).isEqualTo(400);
      assertThat(Call.get("/").to(good).body()).isEqualTo("ok");
    }
    assertThat(limit.available()).isEqualTo(1);
  }

  private Application limited(ProcessLimit limit, String name, String line) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, name, line)).limit(limit).build();
  }

  private Application app(String... lines) throws IOException {
    return CgiApplication.of(Programs.sh(directory, "p", lines));
  }

  private static boolean isRunning(long pid) {
    try (InputStream in = Files.newInputStream(Path.of("/proc/" + pid + "/stat"))) {
      String stat = new String(in.readAllBytes());
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state != 'Z' && state != 'X';
    } catch (IOException e) {
      return false;
    }
  }
}
