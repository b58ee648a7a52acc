package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.GatewayException;
import dev.postern.hosting.ProgramOutput;
import dev.postern.process.SilentBody;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs and clients that are slow, silent or too many, as a request meets them. */
@EnabledOnOs(OS.LINUX)
class LifecycleTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  @TempDir Path directory;

  /** Options for a program. */
  CgiApplication.Builder host(Path program) throws IOException {
    return CgiApplication.builder(program);
  }

  @Test
  void attackF01_programThatReadsNothingAndSleeps_is504() throws IOException {
    Application app = builder("exec sleep 987").headerTimeout(Duration.ofMillis(300)).build();
    assertThat(Call.post("/", new byte[10 << 20]).to(app).status).isEqualTo(504);
  }

  /**
   * A body that is passed on as it comes, from a client that sends a part of it. A program that has
   * ended before anybody reads the body waits for nobody, so these end after that.
   */
  @ParameterizedTest
  @CsvSource({"exec sleep 987, 2000, 504", "echo nonsense, 60000, 502", "exit 3, 60000, 502"})
  void attackF01_clientThatFallsSilent_keepsNoPlaceFromOthers(
      String program, long headMillis, int status) throws Exception {
    ProcessLimit limit = ProcessLimit.of(1);
    Path go = directory.resolve("go");
    Application app =
        builder("echo $$ >" + pid(), "while [ ! -e " + go + " ]; do sleep 0.01; done", program)
            .limit(limit)
            .headerTimeout(Duration.ofMillis(headMillis))
            .build();
    SilentBody silent = new SilentBody(100);
    CompletableFuture<Call> answer =
        CompletableFuture.supplyAsync(
            () -> Call.of("POST", "/").length(1 << 20).input(silent).to(app),
            task -> new Thread(task).start());
    try {
      assertThat(silent.awaitRead()).isTrue();
      awaitLine(pid());
      Files.createFile(go);
      long start = System.nanoTime();
      while (limit.available() == 0) {
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
        Thread.sleep(1);
      }
      assertThat(answer).isNotDone();
      assertEnded();
    } finally {
      silent.giveUp();
    }
    assertThat(answer.get(60, TimeUnit.SECONDS).status).isEqualTo(status);
  }

  /** As when a container's own code has too little stack or memory left. */
  @Test
  void attackF01_errorInTheBody_isNotTheProgramsSilence() throws IOException {
    List<CgiRun> runs = new ArrayList<>();
    InputStream broken =
        new InputStream() {
          @Override
          public int read() {
            throw new StackOverflowError();
          }
        };
    Application app = builder("exec cat").onRun(runs::add).build();
    Call call = Call.of("POST", "/").length(1 << 20).input(broken).to(app);

    assertThat(call.status).isEqualTo(500);
    assertThat(runs).singleElement().matches(run -> run.rule().equals("pipe-failed"));
  }

  @Test
  void timeWithoutEnd_isNoLimit() throws IOException {
    Duration forever = ChronoUnit.FOREVER.getDuration();
    Application app =
        builder(HEAD, "sleep 0.01; printf ok")
            .headerTimeout(forever)
            .idleTimeout(forever)
            .totalTimeout(forever)
            .limit(ProcessLimit.of(1, forever))
            .build();
    assertThat(Call.get("/").to(app).body()).isEqualTo("ok");
  }

  @Test
  void attackF02_bothPipesFull_moveOn() throws IOException {
    byte[] body = new byte[10 << 20];
    Arrays.fill(body, (byte) 'x');
    Call call = Call.post("/", body).to(builder(HEAD, "exec cat").build());

    assertThat(call.bytes()).isEqualTo(body);
    assertThat(call.outcome.complete()).isTrue();
  }

  @Test
  void attackF03_errorsBeyondTheCap_areDroppedAndCounted() throws IOException {
    Call call =
        Call.get("/").to(builder("head -c 20000000 /dev/zero >&2", HEAD, "printf ok").build());

    assertThat(call.body()).isEqualTo("ok");
    assertThat(call.log().length()).isLessThan(8 * 64 * 1024);
    assertThat(call.log()).contains("19934464 bytes of standard error before these were dropped");
  }

  @Test
  void attackF03_linesOfErrors_areTheLastHundred() throws IOException {
    Call call = Call.get("/").to(builder("seq 300 >&2", HEAD, "printf ok").build());

    assertThat(call.body()).isEqualTo("ok");
    List<String> lines = call.log().lines().toList();
    assertThat(lines).hasSize(ProgramOutput.LOG_LINES + 1);
    assertThat(lines.get(0)).isEqualTo("p: 201");
    assertThat(lines.get(99)).isEqualTo("p: 300");
    // As `seq 200 | wc -c` has it.
    assertThat(lines.get(100))
        .isEqualTo("p: 692 bytes of standard error before these were dropped");
  }

  @Test
  void attackF03_asManyLinesAsAreLogged_areAllThere() throws IOException {
    Call call = Call.get("/").to(builder("echo >&2; seq 100 >&2", HEAD, "printf ok").build());

    assertThat(call.log().lines()).hasSize(100).startsWith("p: 1").endsWith("p: 100");
  }

  @Test
  void attackF03_longLineOfErrors_isSeveral() throws IOException {
    String line = "head -c 4096 /dev/zero | tr '\\0' 'e' >&2";
    String flood = line + "; echo >&2; " + line + "; echo end >&2; echo last >&2";
    Call call = Call.get("/").to(builder(flood, HEAD, "printf ok").build());

    String full = "p: " + "e".repeat(ProgramOutput.LOG_LINE);
    assertThat(call.log().lines()).containsExactly(full, full, "p: end", "p: last");
  }

  @Test
  void attackF05_silence_is504AndEndsTheProgram() throws IOException {
    Application app =
        builder("echo $$ >" + pid(), "exec sleep 987")
            .headerTimeout(Duration.ofMillis(500))
            .build();

    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    assertEnded();
  }

  @Test
  void attackF06_headerInDrops_is504AtTheDeadline() throws IOException {
    Application app =
        builder("while :; do printf X; sleep 0.05; done")
            .headerTimeout(Duration.ofSeconds(1))
            .build();
    long start = System.nanoTime();

    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(TimeUnit.SECONDS.toNanos(1));
  }

  @Test
  void attackF07_bodyInDrops_goesOnAsLongAsItDrips() throws IOException {
    Application app =
        builder(HEAD, "for i in 1 2 3 4 5 6 7 8; do printf $i; sleep 0.5; done")
            .idleTimeout(Duration.ofSeconds(3))
            .build();

    assertThat(Call.get("/").to(app).body()).isEqualTo("12345678");
  }

  @Test
  void attackF07_bodyInDrops_endsWithTheTimeForAll() throws IOException {
    List<CgiRun> runs = new ArrayList<>();
    String[] drops = {"echo $$ >" + pid(), HEAD, "while :; do echo drop; sleep 0.02; done"};
    Application bounded =
        builder(drops).totalTimeout(Duration.ofMillis(500)).onRun(runs::add).build();
    Call cut = Call.get("/").to(bounded);
    assertThat(cut.status).isEqualTo(200);
    assertThat(cut.body()).startsWith("drop\ndrop\n");
    assertThat(cut.outcome.complete()).isFalse();
    assertEnded();

    Application unbounded = builder(drops).onRun(runs::add).build();
    Call late = Call.get("/").deadline(Duration.ofMillis(500)).to(unbounded);
    assertThat(late.outcome.complete()).isFalse();
    assertEnded();
    assertThat(runs).hasSize(2).allMatch(run -> run.limits().contains("program-timeout"));
  }

  @Test
  void attackF07_floodWithoutEnd_endsWithTheTimeForAll() throws IOException {
    Call call = Call.get("/");
    call.discard = true;
    // As long as a start may take on a busy machine: what ends before the head is answered by 504.
    call.to(builder(HEAD, "exec yes").totalTimeout(Duration.ofSeconds(2)).build());

    assertThat(call.count).isPositive();
    assertThat(call.rule()).isEqualTo("program-timeout");
    assertThat(call.outcome.complete()).isFalse();
  }

  @Test
  void attackF06_timeForAll_boundsTheHeaderToo() throws IOException {
    Application app =
        builder("while :; do printf X; sleep 0.02; done")
            .totalTimeout(Duration.ofMillis(300))
            .build();
    assertThat(Call.get("/").to(app).status).isEqualTo(504);
    Application silent = builder("exec sleep 987").build();
    assertThat(Call.get("/").deadline(Duration.ofMillis(300)).to(silent).status).isEqualTo(504);
  }

  @Test
  void attackF08_slowUpload_holdsNoProgram() throws IOException {
    Path started = directory.resolve("started");
    Application app = builder("touch " + started, HEAD, "cat").build();
    byte[] body = new byte[1024];
    boolean[] early = {false};
    InputStream slow =
        new ByteArrayInputStream(body) {
          @Override
          public synchronized int read(byte[] bytes, int offset, int length) {
            early[0] |= Files.exists(started);
            return super.read(bytes, offset, Math.min(1, length));
          }
        };
    Call call = Call.of("POST", "/").length(1024).input(slow).to(app);

    assertThat(call.bytes()).isEqualTo(body);
    assertThat(early[0]).isFalse();
    Files.delete(started);
    Call stalled = Call.of("POST", "/").length(1024);
    stalled.input(failing(new SocketTimeoutException("client is silent"))).to(app);
    assertThat(stalled.status).isEqualTo(408);
    assertThat(started).doesNotExist();
  }

  /** As bindings have it. */
  @ParameterizedTest
  @CsvSource({"408, body-timeout", "400, body-unreadable"})
  void attackF08_bodyThatWasRefused_hasItsRule(int status, String rule) throws IOException {
    assertThat(refused(status)).allMatch(run -> run.rule().equals(rule));
  }

  /** As a container may do for reasons of its own. */
  @Test
  void bodyThatWasRefusedOtherwise_isToldAsItWas() throws IOException {
    refused(413);
  }

  /** The runs of a short body, and one that is passed on as it comes. */
  private List<CgiRun> refused(int status) throws IOException {
    List<CgiRun> runs = new ArrayList<>();
    Application app = builder("cat >/dev/null", HEAD).onRun(runs::add).build();
    for (int length : new int[] {1024, 1 << 20}) {
      Call call = Call.of("POST", "/").length(length);
      call.input(failing(new GatewayException(status, "body must come"))).to(app);
      assertThat(call.status).isEqualTo(status);
    }
    assertThat(runs).hasSize(2);
    return runs;
  }

  private static InputStream failing(IOException failure) {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        throw failure;
      }
    };
  }

  @Test
  void attackF09_clientThatTakesNothing_endsTheProgramWithTheWriteTimeout() throws IOException {
    Call call = Call.get("/");
    call.goneAfter = 200_000;
    call.to(builder("echo $$ >" + pid(), HEAD, "exec head -c 10000000 /dev/zero").build());

    assertThat(call.outcome.complete()).isFalse();
    assertEnded();
  }

  @Test
  void attackF19_writesAfterWeHaveStopped_areNoError() throws IOException {
    Application app = builder(HEAD, "exec yes").build();
    Call call = Call.of("HEAD", "/").to(app);

    assertThat(call.status).isEqualTo(200);
    assertThat(call.outcome.failure()).isNull();
    assertThat(call.log()).isEmpty();
  }

  @Test
  void attackF20_threads_goBackToWhereTheyWere() throws Exception {
    int clients = 8;
    // A program of an earlier test may still work on after its answer.
    Set<Thread> earlier = pumps();
    Application app = builder(HEAD, "sleep 0.05; cat").build();
    List<CompletableFuture<Void>> storm = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      storm.add(
          CompletableFuture.runAsync(
              () -> {
                for (int j = 0; j < 5; j++) {
                  assertThat(Call.post("/", new byte[100]).to(app).status).isEqualTo(200);
                }
              },
              task -> new Thread(task).start()));
    }
    CompletableFuture.allOf(storm.toArray(CompletableFuture[]::new)).get(100, TimeUnit.SECONDS);
    assertThat(pumps().size() - earlier.size()).isLessThanOrEqualTo(3 * clients + 1);
    long start = System.nanoTime();
    while (!earlier.containsAll(pumps())) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(1_000_000);
    }
  }

  private static Set<Thread> pumps() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("postern-pump"))
        .collect(Collectors.toSet());
  }

  @Test
  void attackF22_killedServer_takesTiedProgramsAlong() throws Exception {
    Path program = Programs.sh(directory, "p", "echo $$ >" + pid(), "exec sleep 987");
    Process server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                KilledServer.class.getName(),
                "one",
                program.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("console").toFile())
            .start();
    try {
      long start = System.nanoTime();
      while (!Files.exists(pid()) || !Files.readString(pid()).endsWith("\n")) {
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
        LockSupport.parkNanos(1_000_000);
      }
    } finally {
      server.destroyForcibly();
    }
    assertThat(server.waitFor()).isEqualTo(137);
    long left = Long.parseLong(Files.readString(pid()).trim());
    long start = System.nanoTime();
    while (isRunning(left)) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Orphans are reaped by whoever is process 1, or not at all. */
  static boolean isRunning(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void attackF24_bodyLimit_isExact() throws IOException {
    Path mark = directory.resolve("started");
    Application app = builder("touch " + mark, HEAD, "cat").maxBody(100_000).build();
    for (boolean known : new boolean[] {true, false}) {
      assertThat(post(100_001, known).to(app).status).isEqualTo(413);
      assertThat(mark).doesNotExist();
    }
    assertThat(post(100_000, true).to(app).bytes()).hasSize(100_000);
    assertThat(post(100_000, false).to(app).bytes()).hasSize(100_000);
  }

  private static Call post(int length, boolean known) {
    Call call = Call.of("POST", "/").input(new ByteArrayInputStream(new byte[length]));
    return known ? call.length(length) : call;
  }

  @Test
  void attackF25_interruptWhileTheProgramIsSilent_endsItAndIsKept() throws Exception {
    Call call = interrupted(0, "echo $$ >" + pid(), "exec sleep 987");

    assertThat(call.status).isEqualTo(500);
    assertThat(call.outcome.failure()).isInstanceOf(InterruptedIOException.class);
    assertEnded();
  }

  @Test
  void attackF25_interruptWhileTheBodyIsRead_cutsItAndIsKept() throws Exception {
    Call call = interrupted(200, HEAD, "printf begun; echo $$ >" + pid(), "exec sleep 987");

    assertThat(call.status).isEqualTo(200);
    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.outcome.failure()).isInstanceOf(InterruptedIOException.class);
    assertEnded();
  }

  /** The program was too slow, heeds no TERM, and is waited for. */
  @Test
  void attackF25_interruptWhileTheProgramIsEnded_killsItAndIsKept() throws Exception {
    String deaf = "trap '' TERM; echo $$ >" + pid();
    Call call =
        interrupted(1000, builder(deaf, "exec sleep 987").headerTimeout(Duration.ofMillis(500)));

    assertThat(call.status).isEqualTo(504);
    assertEnded();
  }

  @Test
  void attackF25_interruptWhileAPlaceIsWaitedFor_isKept() throws Exception {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofSeconds(60));
    List<CgiRun> runs = new ArrayList<>();
    limit.permits().acquire(0);
    Application app = builder(HEAD).limit(limit).onRun(runs::add).build();
    Thread request = Thread.currentThread();
    Thread other =
        new Thread(
            () -> {
              while (request.getState() != Thread.State.TIMED_WAITING) {
                LockSupport.parkNanos(1_000_000);
              }
              request.interrupt();
            });
    other.start();
    Call call = Call.get("/").to(app);
    assertThat(Thread.interrupted()).isTrue();
    other.join();

    assertThat(call.status).isEqualTo(500);
    assertThat(runs).singleElement().matches(run -> run.rule().equals("interrupted"));
    assertThat(limit.available()).isZero();
  }

  /** Interrupts the request once the program has told its number, and some time after. */
  private Call interrupted(int afterMillis, String... lines) throws Exception {
    return interrupted(afterMillis, builder(lines));
  }

  private Call interrupted(int afterMillis, CgiApplication.Builder builder) throws Exception {
    List<CgiRun> runs = new ArrayList<>();
    Application app = builder.onRun(runs::add).build();
    Thread request = Thread.currentThread();
    Thread other =
        new Thread(
            () -> {
              awaitLine(pid());
              LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(afterMillis));
              request.interrupt();
            });
    other.start();
    Call call = Call.get("/").to(app);
    assertThat(Thread.interrupted()).isTrue();
    other.join();
    assertThat(runs)
        .singleElement()
        .matches(run -> run.rule().matches("interrupted|program-timeout"));
    return call;
  }

  private static void awaitLine(Path file) {
    try {
      while (!Files.exists(file) || !Files.readString(file).endsWith("\n")) {
        LockSupport.parkNanos(1_000_000);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A clock that jumps moves no deadline: none is read. */
  @Test
  void attackF28_sources_readNoWallClock() throws IOException {
    Path sources = Path.of("src").toAbsolutePath();
    for (String root : List.of("main/java", "main/java22")) {
      try (Stream<Path> files = Files.walk(sources.resolve(root))) {
        for (Path file : files.filter(path -> path.toString().endsWith(".java")).toList()) {
          if (file.endsWith("dev/postern/warm/Stamp.java")
              || file.endsWith("dev/postern/rewrite/CallRules.java")) {
            // One compares file times, which are of that clock, with now; the other only names the
            // calls of a program.
            continue;
          }
          assertThat(Files.readString(file))
              .as(file.toString())
              .doesNotContain("currentTimeMillis", "Instant.now", "Clock.system");
        }
      }
    }
  }

  private Path pid() {
    return directory.resolve("pid");
  }

  private void assertEnded() throws IOException {
    long program = Long.parseLong(Files.readString(pid()).trim());
    // Where a process beside this JVM starts the programs, it needs a moment to forget them.
    Awaited.await(() -> !isLeft(program));
  }

  /** Whether anything is left of a program that has been ended, be it a zombie. */
  boolean isLeft(long program) {
    return ProcessHandle.of(program).map(ProcessHandle::isAlive).orElse(false);
  }

  private CgiApplication.Builder builder(String... lines) throws IOException {
    return host(Programs.sh(directory, "p", lines));
  }
}
