package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.cgi.javaprograms.Statics;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many requests, a third of them abusive: at the end everything is where it began. {@code
 * -Dpostern.soak=N} says how many; docs/operations.md has the figures of a long run.
 */
@EnabledOnOs(OS.LINUX)
class SoakTest {
  private static final int REQUESTS = Integer.getInteger("postern.soak", 300);
  private static final boolean LONG = REQUESTS >= 10_000;
  private static final int PARTS = LONG ? 10 : 1;

  /** Most of the time is waited for those that hang: more of them at once take less of it. */
  private static final int CLIENTS = LONG ? 48 : 16;

  private static final int PLACES = LONG ? 40 : 12;
  private static final int KINDS = 10;

  /** What takes 2 s each is rare, or nothing else would be run in the time. */
  private static final int SLOW_EVERY = 150;

  private static final List<String> PROGRAMS =
      List.of(
          "good",
          "nonsense",
          "silent",
          "flood",
          "killed",
          "left",
          "loud",
          "endless",
          "deaf",
          "closed");

  @TempDir Path directory;
  private final LongAdder told = new LongAdder();
  private final Map<String, LongAdder> rules = new ConcurrentHashMap<>();
  private Application patient;
  private Application impatient;

  /**
   * A Java program in this JVM, of which each seventh answer is compared with that of new classes.
   */
  private Application inside;

  @Test
  @Timeout(value = 7, unit = TimeUnit.DAYS)
  void soak_endsWhereItBegan() throws Exception {
    ProcessLimit limit = ProcessLimit.of(PLACES, Duration.ofSeconds(60));
    writePrograms();
    patient = application(limit, Duration.ofSeconds(30));
    impatient = application(limit, Duration.ofMillis(500));
    System.setProperty("dev.postern.inprocess.compare", "7");
    JavaProgram program = JavaProgramFixture.inside(Statics.Counts.class).build();
    inside = CgiApplication.of(program);
    Clients.run(CLIENTS, 0, CLIENTS * KINDS, this::request);
    Figures before = Figures.whenQuiet();
    told.reset();
    rules.clear();
    long start = System.nanoTime();
    System.out.println("soak: before " + before + ", places " + limit.available());
    // Memory that grows slowly shows in the parts of a long run.
    for (int part = 1; part <= PARTS; part++) {
      int from = (int) ((part - 1L) * REQUESTS / PARTS);
      int to = (int) ((long) part * REQUESTS / PARTS);
      Clients.run(CLIENTS, from, to, this::request);
      System.out.println("soak: " + told + " requests, " + Figures.now());
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Figures after = Figures.whenQuiet();
    System.out.println("soak: after  " + after + ", places " + limit.available());
    System.out.printf("soak: %d requests, %.0f/s%n", REQUESTS, REQUESTS / seconds);
    System.out.println("soak: rules " + new TreeMap<>(rules));

    assertThat(told.sum()).as("runs that were told").isEqualTo(REQUESTS);
    assertThat(limit.available()).isEqualTo(PLACES);
    after.assertBackAt(before);
    assertThat(program.report().findings()).noneMatch(line -> line.startsWith("differs"));
    assertThat(program.report().state()).isEqualTo(JavaProgram.State.RESET);
    program.close();
  }

  @AfterAll
  static void compareNoMore() {
    System.clearProperty("dev.postern.inprocess.compare");
  }

  /** One file for all: a program that is quick to start lets a long soak end. */
  private void writePrograms() throws Exception {
    Path program = directory.resolve(PROGRAMS.get(0));
    Programs.compile("soak.c", program, "-static", "-O2");
    for (String name : PROGRAMS.subList(1, PROGRAMS.size())) {
      Files.copy(program, directory.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
    }
  }

  private Application application(ProcessLimit limit, Duration headerTimeout) throws IOException {
    return CgiDirectory.builder(directory)
        .environment(Figures.MARK, Figures.mark())
        .limit(limit)
        .programLimit(PLACES - 4)
        .headerTimeout(headerTimeout)
        .idleTimeout(Duration.ofSeconds(30))
        .onRun(
            run -> {
              told.increment();
              rules.computeIfAbsent(run.rule(), rule -> new LongAdder()).increment();
            })
        .build();
  }

  /** Two in three are good; every other kind of abuse comes in turn. */
  private void request(int n) {
    if (n % 3 != 0) {
      byte[] body = ("body " + n).getBytes(StandardCharsets.US_ASCII);
      Call call = Call.post("/good", body).to(patient);
      assertThat(call.body()).as(call.log()).isEqualTo("body " + n);
      Call java = Call.get("/").with("QUERY_STRING", "n" + n).to(inside);
      assertThat(java.body()).as(java.log()).isEqualTo("1 1 [n" + n + "] 1 1\n");
    } else if (n % SLOW_EVERY == 0) {
      boolean deaf = n / SLOW_EVERY % 2 == 0;
      Call call = Call.get(deaf ? "/deaf" : "/closed").to(impatient);
      assertThat(call.status).isEqualTo(deaf ? 504 : 502);
    } else {
      abuse(n / 3 % KINDS);
    }
  }

  private void abuse(int kind) {
    switch (kind) {
      case 0 -> assertThat(Call.get("/nonsense").to(patient).status).isEqualTo(502);
      case 1 -> assertThat(Call.get("/killed").to(patient).outcome.complete()).isFalse();
      case 2 -> {
        Call gone = Call.get("/flood");
        gone.goneAfter = 100_000;
        assertThat(gone.to(patient).outcome.complete()).isFalse();
      }
      case 3 ->
          assertThat(Call.post("/good", new byte[10]).length(20).to(patient).status).isEqualTo(400);
      case 4 -> {
        Call spooled =
            Call.of("POST", "/nonsense").input(new ByteArrayInputStream(new byte[100_000]));
        assertThat(spooled.to(patient).status).isEqualTo(502);
      }
      case 5 -> {
        Call cancelled = Call.of("POST", "/silent").length(100_000);
        cancelled.input(new LeavingClient(cancelled));
        cancelled.prepare();
        assertThat(cancelled.run(patient).outcome.complete()).isFalse();
      }
      case 6 -> assertThat(Call.get("/silent").to(impatient).status).isEqualTo(504);
      case 7 -> assertThat(Call.get("/loud").to(patient).body()).isEqualTo("ok");
      case 8 -> assertThat(Call.get("/endless").to(patient).status).isEqualTo(502);
      default -> assertThat(Call.get("/left").to(patient).body()).isEqualTo("ok");
    }
  }

  /** A client that leaves while its body, which is too long to be read ahead, is streamed. */
  private static final class LeavingClient extends InputStream {
    private final Call call;

    LeavingClient(Call call) {
      this.call = call;
    }

    @Override
    public int read() {
      call.exchange.cancel(new IOException("client has gone"));
      return 'x';
    }
  }
}
