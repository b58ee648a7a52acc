package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.hosting.ProgramOutput;
import dev.postern.process.HostedProcess;
import dev.postern.process.StartPath;
import dev.postern.process.Starter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a program's response ends, and whether that was all of it. */
class CgiFramingTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n";

  @TempDir Path directory;

  /** Options for a program. */
  CgiApplication.Builder host(Path program) throws IOException {
    return CgiApplication.builder(program);
  }

  @Test
  void attackE01_bodyBeyondItsContentLength_isCut() throws IOException {
    CgiApplication app = app(HEAD + "Content-Length: 8\\n\\nSEE-THIS-BUT-NOT-THIS'", "exec yes");
    Call call = Call.get("/").to(app);

    assertThat(call.body()).isEqualTo("SEE-THIS");
    assertThat(call.headers.all("Content-Length")).containsExactly("8");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.aborted).isFalse();
    assertThat(app.refusals().count("response-excess")).isEqualTo(1);

    Call empty = Call.get("/").to(app(HEAD + "Content-Length: 0\\n\\nbody'"));
    assertThat(empty.body()).isEmpty();
    assertThat(empty.outcome.complete()).isTrue();
  }

  @Test
  void attackE01_programThatStaysAfterItsBody_holdsNobodyUp() throws IOException {
    Application app =
        host(Programs.sh(directory, "p", HEAD + "Content-Length: 3\\n\\nall'", "sleep 987"))
            .idleTimeout(Duration.ofSeconds(60))
            .afterOutput(Duration.ofMillis(50))
            .build();
    long start = System.nanoTime();
    Call call = Call.get("/").to(app);

    assertThat(call.body()).isEqualTo("all");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(50));
  }

  @Test
  void attackE02_h12_h16_bodyShortOfItsContentLength_isCut() throws IOException {
    CgiApplication app = app(HEAD + "Content-Length: 100\\n\\n123456789012345678901234567'");
    Call call = Call.get("/").to(app);

    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.aborted).isTrue();
    assertThat(call.rule()).isEqualTo("short-body");
    assertThat(call.failure()).hasMessageContaining("27 of 100 bytes");
    assertThat(app.refusals().count("short-body")).isEqualTo(1);
  }

  @Test
  void attackE03_killedProgram_isNeverWhole() throws IOException {
    for (String signal : List.of("KILL", "SEGV", "TERM", "ABRT")) {
      Call call = Call.get("/").to(app(HEAD + "\\nhalf'", "kill -" + signal + " $$"));
      assertThat(call.outcome.complete()).as(signal).isFalse();
      assertThat(call.rule()).isEqualTo("bad-exit");
      assertThat(call.failure().diagnosis().exit()).startsWith("signal ");
      Call before = Call.get("/").to(app("kill -" + signal + " $$"));
      assertThat(before.status).isEqualTo(502);
      assertThat(before.failure().diagnosis().exit()).startsWith("signal ");
    }
  }

  @Test
  void attackE04_r3_exitStatus_isReportedOrStrict() throws IOException {
    Path program = Programs.sh(directory, "p", HEAD + "\\n0123456789'", "exit 1");
    Call lenient = Call.get("/").to(host(program).build());
    Call strict = Call.get("/").to(host(program).strictExit().build());

    assertThat(lenient.outcome.complete()).isTrue();
    assertThat(lenient.outcome.facts()).containsEntry("cgi.exit", "exit 1");
    assertThat(lenient.body()).isEqualTo("0123456789");
    assertThat(strict.outcome.complete()).isFalse();
    assertThat(strict.rule()).isEqualTo("bad-exit");
    assertThat(strict.outcome.facts()).containsEntry("cgi.exit", "exit 1");
  }

  @Test
  void attackE06_attackJ04_r19_whatHoldsThePipe_isCutOff() throws IOException {
    Application app = app(HEAD + "\\nall'", "sleep 987 & sleep 0.1");
    Call call = Call.get("/").to(app);
    assertThat(call.body()).isEqualTo("all");
    assertThat(call.outcome.complete()).isTrue();

    Call known =
        Call.get("/").to(app(HEAD + "Content-Length: 3\\n\\nall'", "sleep 987 & sleep 0.1"));
    assertThat(known.outcome.complete()).isTrue();
  }

  @Test
  void attackE07_s49_endOfOutput_isTheEndOfTheResponse() throws IOException {
    Application app =
        host(Programs.sh(directory, "p", HEAD + "\\nall'", "exec >&- 2>&-", "sleep 987"))
            .afterOutput(Duration.ofMillis(50))
            .build();
    long start = System.nanoTime();
    Call call = Call.get("/").to(app);

    assertThat(call.body()).isEqualTo("all");
    assertThat(call.outcome.complete()).isTrue();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(50));
  }

  @Test
  void attackE08_s35_h09_h11_bodyWhereThereIsNone_isNotRead() throws IOException {
    for (String[] row :
        new String[][] {
          {"HEAD", "200"}, {"GET", "204"}, {"GET", "205"}, {"GET", "304"}, {"HEAD", "404"}
        }) {
      Path program =
          Programs.sh(
              directory,
              "p",
              "echo $$ >" + directory + "/pid",
              HEAD + "Status: " + row[1] + "\\nContent-Length: 5\\n\\n'",
              "exec yes");
      Application app = host(program).afterOutput(Duration.ofMillis(50)).build();
      Call call = Call.of(row[0], "/").to(app);
      assertThat(call.status).isEqualTo(Integer.parseInt(row[1]));
      assertThat(call.body()).isEmpty();
      assertThat(call.outcome.complete()).isTrue();
      // A program that is late with a body that nobody gets is watched by another thread.
      String pid = Files.readString(directory.resolve("pid")).trim();
      await(() -> !isLeft(pid));
      if (row[1].equals("204") || row[1].equals("304")) {
        assertThat(call.headers.contains("Content-Length")).isFalse();
      }
      if (row[1].equals("205")) {
        assertThat(call.headers.get("Content-Length")).isEqualTo("0");
      }
    }
  }

  /** Whether anything is left of a program that has been ended, be it a zombie. */
  boolean isLeft(String pid) {
    return Files.exists(Path.of("/proc", pid));
  }

  @Test
  void h23_notModified_hasNoRepresentationHeaders() throws IOException {
    Call call =
        Call.get("/")
            .to(app(HEAD + "Status: 304\\nETag: \"x\"\\nVary: A\\nContent-Length: 5\\n\\n'"));

    assertThat(call.headers.get("ETag")).isEqualTo("\"x\"");
    assertThat(call.headers.contains("Content-Type")).isFalse();
    assertThat(call.headers.contains("Content-Length")).isFalse();
  }

  @Test
  void h24_headOfHead_isThatOfGet() throws IOException {
    for (String length : List.of("", "Content-Length: 4\\n")) {
      Application app = app(HEAD + length + "X-A: b\\n\\nbody'");
      assertThat(Call.of("HEAD", "/").to(app).headers.without("Content-Length"))
          .isEqualTo(Call.get("/").to(app).headers.without("Content-Length"));
      if (!length.isEmpty()) {
        assertThat(Call.of("HEAD", "/").to(app).headers.get("Content-Length")).isEqualTo("4");
      }
    }
  }

  @Test
  void attackE09_s05_clientThatHasGone_endsTheProgram() throws IOException {
    Call call = Call.get("/");
    call.goneAfter = 5_000;
    call.to(app("echo $$ >" + directory + "/pid", HEAD + "\\n'", "exec yes"));

    assertThat(call.outcome.complete()).isFalse();
    String pid = Files.readString(directory.resolve("pid")).trim();
    await(() -> !isLeft(pid));
  }

  @Test
  void attackE10_ranges_areTheProgramsMatter() throws IOException {
    Application app =
        app(
            HEAD + "Status: 206\\nContent-Range: bytes 0-3/10\\n\\n'",
            "printf '%s' \"$HTTP_RANGE\"");
    Call call = Call.get("/").with("HTTP_RANGE", "bytes=0-3").to(app);

    assertThat(call.status).isEqualTo(206);
    assertThat(call.headers.get("Content-Range")).isEqualTo("bytes 0-3/10");
    assertThat(call.body()).isEqualTo("bytes=0-3");
  }

  @Test
  void attackE11_headersAlone_areAResponse() throws IOException {
    for (String head : List.of("Status: 200\\n", "Content-Type: text/plain\\nX-A: b\\n")) {
      Call call = Call.get("/").to(app("printf '" + head + "\\n'"));
      assertThat(call.status).isEqualTo(200);
      assertThat(call.headers.get("Content-Length")).isEqualTo("0");
    }
  }

  @Test
  void attackE12_conditionals_areTheProgramsMatter() throws IOException {
    Application app =
        app(HEAD + "Status: 200\\nETag: \"x\"\\n\\n'", "printf \"$HTTP_IF_NONE_MATCH\"");
    Call call =
        Call.get("/")
            .with("HTTP_IF_NONE_MATCH", "\"x\"")
            .with("HTTP_IF_MODIFIED_SINCE", "Fri, 01 Jan 2100 00:00:00 GMT")
            .to(app);

    assertThat(call.status).isEqualTo(200);
    assertThat(call.body()).isEqualTo("\"x\"");
  }

  @Test
  void attackE13_s49_oneGibibyte_goesThroughASmallHeap() throws Exception {
    Path program = Programs.sh(directory, "p", HEAD + "\\n'", "exec head -c 1073741824 /dev/zero");
    // The CRC-32 of 2^30 zeros, as `head -c 1073741824 /dev/zero | gzip | tail -c8` has it.
    assertThat(inSmallHeap(program)).contains("1073741824 5b64c2b0 true");
  }

  @Test
  void attackF03_oneHundredMebibytesOfErrors_goThroughASmallHeap() throws Exception {
    Path program =
        Programs.sh(
            directory,
            "p",
            "yes x 2>/dev/null | head -c 104857600 >&2",
            HEAD + "Status: 200\\n\\nok'");
    List<String> lines = inSmallHeap(program);

    assertThat(lines).contains("2 79dcdd47 true");
    assertThat(lines).filteredOn("p: x"::equals).hasSize(ProgramOutput.LOG_LINES);
    assertThat(lines)
        .filteredOn(line -> line.contains("dropped"))
        .containsExactly("p: 104857400 bytes of standard error before these were dropped");
    assertThat(lines.stream().mapToInt(String::length).sum()).isLessThan(4096);
  }

  /** What a JVM with little memory tells of one response, and its log. */
  private static List<String> inSmallHeap(Path program) throws IOException {
    Process jvm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx24m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                LargeBody.class.getName(),
                program.toString())
            .redirectErrorStream(true)
            .start();
    return new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void attackE13_smallBlocks_areNotHeldBack() throws IOException {
    Application app =
        app(HEAD + "\\n'", "for i in 1 2 3 4 5; do printf $i; read -r x <" + fifo() + "; done");
    Call call = Call.get("/");
    Thread feeder =
        new Thread(
            () -> {
              for (int i = 1; i <= 5; i++) {
                while (call.count < i) {
                  LockSupport.parkNanos(1_000_000);
                }
                try {
                  Files.writeString(directory.resolve("fifo"), "go\n");
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              }
            });
    feeder.start();
    call.to(app);

    // Each block was there before the next one was written; two that meet share a flush.
    assertThat(call.body()).isEqualTo("12345");
    assertThat(call.flushes).isPositive();
  }

  @Test
  void s32_program_getsItsBodyAndThenTheEnd() throws IOException {
    Application app = app(HEAD + "\\n%s ' \"$CONTENT_LENGTH\"", "cksum | tr -d '\\n'");
    for (int length : new int[] {1, 65535, 65536, 65537, 1 << 20}) {
      byte[] body = new byte[length];
      byte[] more = new byte[length + 10];
      Call exact = Call.post("/", body).to(app);
      Call longer = Call.post("/", body).input(new ByteArrayInputStream(more)).to(app);
      Call spooled = Call.of("POST", "/").input(new ByteArrayInputStream(body)).to(app);
      assertThat(exact.body()).startsWith(length + " ").endsWith(" " + length);
      assertThat(spooled.body()).isEqualTo(exact.body());
      assertThat(longer.body()).isEqualTo(exact.body());
    }
    assertThat(Call.post("/", new byte[0]).to(app).body()).startsWith("0 ").endsWith(" 0");
    assertThat(Call.get("/").to(app).body()).startsWith(" ").endsWith(" 0");
  }

  @Test
  void s34_r7_bodyOfUnknownLength_isCountedFirst() throws IOException {
    CgiApplication app =
        host(Programs.sh(directory, "p", HEAD + "\\n%s' \"$CONTENT_LENGTH\"", "cat >/dev/null"))
            .maxBody(100_000)
            .build();

    assertThat(Call.of("POST", "/").input(new ByteArrayInputStream(new byte[11])).to(app).body())
        .isEqualTo("11");
    Call over = Call.of("POST", "/").input(new ByteArrayInputStream(new byte[100_001])).to(app);
    assertThat(over.status).isEqualTo(413);
    assertThat(app.refusals().count("body-too-large")).isEqualTo(1);
  }

  @Test
  void h21_h31_requestThatIsRefusedOrShort_startsNothing() throws IOException {
    Path mark = directory.resolve("mark");
    Application app =
        host(Programs.sh(directory, "p", "touch " + mark, HEAD + "\\n'")).maxBody(1 << 20).build();
    InputStream untouched =
        new InputStream() {
          @Override
          public int read() {
            throw new AssertionError("a refused request's body must not be read");
          }
        };

    assertThat(Call.of("TRACE", "/").length(5).input(untouched).to(app).status).isEqualTo(405);
    assertThat(Call.of("POST", "/").length(1 << 21).input(untouched).to(app).status).isEqualTo(413);
    Call brief = Call.of("POST", "/").length(10).input(new ByteArrayInputStream(new byte[5]));
    assertThat(brief.to(app).status).isEqualTo(400);
    assertThat(mark).doesNotExist();
  }

  @Test
  void s50_workingDirectory_isThePrograms() throws IOException {
    Path program = Programs.sh(directory, "p", HEAD + "\\n'", "pwd -P | tr -d '\\n'");
    assertThat(Call.get("/").to(host(program).build()).body())
        .isEqualTo(directory.toRealPath().toString());
    Application other = host(program).workingDirectory(Path.of("/")).build();
    assertThat(Call.get("/").to(other).body()).isEqualTo("/");
    Application none = host(program).workingDirectory(directory.resolve("none")).build();
    assertThat(Call.get("/").to(none).status).isEqualTo(500);
  }

  @Test
  void s40_h28_silence_is504() throws IOException {
    CgiApplication app =
        host(Programs.sh(directory, "p", "printf 'X-A: b\\n'", "sleep 987"))
            .headerTimeout(Duration.ofMillis(200))
            .build();
    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(504);
    assertThat(call.rule()).isEqualTo("program-timeout");
    assertThat(app.refusals().count("program-timeout")).isEqualTo(1);
  }

  @Test
  void h28_noFreePlace_is503WithRetryAfter() throws Exception {
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofMillis(10));
    Application app = host(Programs.sh(directory, "p", HEAD + "\\n'")).limit(limit).build();
    limit.permits().acquire(0);
    Call call = Call.get("/").to(app);
    limit.permits().release();

    assertThat(call.status).isEqualTo(503);
    assertThat(call.headers.get("Retry-After")).isEqualTo("1");
    assertThat(call.rule()).isEqualTo("process-limit");
    assertThat(Call.get("/").to(app).status).isEqualTo(200);
  }

  @Test
  void attackF12_programThatIsJustBeingWritten_isTriedThreeTimesMore() throws Exception {
    Path program = Programs.sh(directory, "p", HEAD + "\\n'", "cat");
    List<Long> starts = new ArrayList<>();
    Call call = Call.post("/", "all of it".getBytes(StandardCharsets.US_ASCII));
    SeekableByteChannel writer = Files.newByteChannel(program, StandardOpenOption.WRITE);
    try {
      call.to(
          starting(
              program,
              (command, environment, cwd, body, tied) -> {
                starts.add(System.nanoTime());
                if (starts.size() == 4) {
                  writer.close();
                }
                return HostedProcess.start(command, environment, cwd, body, tied);
              }));
    } finally {
      writer.close();
    }
    if (StartPath.inForce() == StartPath.PORTABLE) {
      // A helper says so, and the program could say the same.
      assertThat(call.status).isEqualTo(503);
      assertThat(starts).hasSize(1);
      return;
    }
    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(call.body()).isEqualTo("all of it");
    assertThat(starts).hasSize(4);
    for (int i = 1; i < starts.size(); i++) {
      assertThat(starts.get(i) - starts.get(i - 1)).isGreaterThan(9_000_000);
    }
  }

  @Test
  void attackF12_programThatIsBeingWrittenForLonger_is503() throws Exception {
    Path program = Programs.sh(directory, "p", HEAD + "\\n'");
    AtomicInteger starts = new AtomicInteger();
    Application app =
        starting(
            program,
            (command, environment, cwd, body, tied) -> {
              starts.incrementAndGet();
              return HostedProcess.start(command, environment, cwd, body, tied);
            });
    try (var writer = Files.newByteChannel(program, StandardOpenOption.WRITE)) {
      Call busy = Call.post("/", "body".getBytes(StandardCharsets.US_ASCII)).to(app);
      assertThat(writer.isOpen()).isTrue();
      assertThat(busy.status).isEqualTo(503);
      assertThat(busy.rule()).isEqualTo("not-started");
      assertThat(busy.headers.get("Retry-After")).isEqualTo("1");
      assertThat(starts).hasValue(StartPath.inForce() == StartPath.PORTABLE ? 1 : 4);
    }
    assertThat(Call.get("/").to(app).status).isEqualTo(200);
  }

  private static Application starting(Path program, Starter starter) {
    return CgiApplication.builder(program).starter(starter).build();
  }

  private String fifo() throws IOException {
    try {
      Path fifo = directory.resolve("fifo");
      assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
      return fifo.toString();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private CgiApplication app(String... lines) throws IOException {
    return host(Programs.sh(directory, "p", lines)).build();
  }

  /** Runs in a JVM of its own, with little memory. */
  static final class LargeBody {
    private LargeBody() {}

    public static void main(String[] args) {
      Call call = Call.get("/");
      call.discard = true;
      call.to(CgiApplication.of(Path.of(args[0])));
      System.out.println(
          call.count + " " + Long.toHexString(call.crc.getValue()) + " " + call.outcome.complete());
      System.out.print(call.log());
    }
  }
}
