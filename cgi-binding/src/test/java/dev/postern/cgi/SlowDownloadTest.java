package dev.postern.cgi;

import static dev.postern.cgi.Awaited.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Clients that take an answer slowly, and the place of the program that gave it. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
class SlowDownloadTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";

  /** Bytes that tell of each block that is lost, doubled or in the wrong place. */
  private static final String NUMBERS = "exec seq 1 400000";

  private static final long NUMBERS_LENGTH = 2_688_895;

  @TempDir Path directory;
  private final ProcessLimit limit = ProcessLimit.of(2, Duration.ZERO);
  private final LinkedBlockingQueue<CgiRun> runs = new LinkedBlockingQueue<>();
  private final CountDownLatch go = new CountDownLatch(1);
  private final Set<Call> waiting = ConcurrentHashMap.newKeySet();
  private final List<Thread> clients = new ArrayList<>();

  @AfterEach
  void letAllGo() throws InterruptedException {
    go.countDown();
    for (Thread client : clients) {
      client.join();
    }
  }

  @Test
  void r20_attackF09_stalledDownloads_keepNoPlaces() throws Exception {
    Application app = builder(HEAD, NUMBERS).build();
    List<Call> stalled = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      await(() -> limit.available() > 0);
      stalled.add(stall(app));
    }
    await(() -> limit.available() == 2);
    assertThat(runs).isEmpty();

    letAllGo();
    for (Call call : stalled) {
      assertThat(call.outcome.complete()).isTrue();
      assertThat(call.count).isEqualTo(NUMBERS_LENGTH);
      assertThat(call.crc.getValue()).isEqualTo(numbers());
    }
    assertThat(runs).hasSize(6).allMatch(run -> run.exit().equals("exit 0"));
    assertThat(runs).extracting(CgiRun::failure).containsOnlyNulls();
  }

  /** As middlewares do that change what they pass on. */
  @Test
  void r20_attackF09_bodiesThatArePulled_keepNoPlacesEither() throws Exception {
    Application app = builder(HEAD, NUMBERS).build();
    Application pulling =
        (environ, start) -> {
          Body body = app.call(environ, start);
          return new Pulled(body);
        };
    Call call = stall(pulling);
    await(() -> limit.available() == 2);

    letAllGo();
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.crc.getValue()).isEqualTo(numbers());
  }

  /** It has to wait for its client, as there is no room, and nothing is lost. */
  @Test
  void r20_moreThanThereIsRoomFor_keepsItsPlaceAndIsWhole() throws Exception {
    Application app = builder(HEAD, NUMBERS).maxSpool(1_000_000).build();
    Call call = stall(app);
    Call slow = begin(app, slowly());
    await(() -> slow.outcome != null);
    assertThat(limit.available()).isEqualTo(1);

    letAllGo();
    for (Call each : List.of(call, slow)) {
      assertThat(each.outcome.complete()).isTrue();
      assertThat(each.crc.getValue()).isEqualTo(numbers());
    }
  }

  @Test
  void r20_declaredLength_isWholeWithoutAWaitForTheProgram() throws Exception {
    Application app =
        builder(
                "printf 'Content-Type: text/plain\\nContent-Length: " + NUMBERS_LENGTH + "\\n\\n'",
                "seq 1 400000",
                "while [ ! -e " + directory.resolve("end") + " ]; do sleep 0.02; done",
                "echo >" + directory.resolve("done"))
            .build();
    Call call = stall(app);
    // Longer than it takes to be seen as slow.
    TimeUnit.MILLISECONDS.sleep(1500);
    assertThat(limit.available()).isEqualTo(1);

    letAllGo();
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.crc.getValue()).isEqualTo(numbers());
    assertThat(runs).isEmpty();
    Files.createFile(directory.resolve("end"));
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.failure()).isNull();
    assertThat(directory.resolve("done")).exists();
    await(() -> limit.available() == 2);
  }

  /** It works on after its answer, and its client has not taken all of that when it ends. */
  @Test
  void r20_programThatWorksOn_givesItsPlaceBackWhenItEnds() throws Exception {
    Application app =
        builder(HEAD, "seq 1 400000", "exec >&-", "sleep 1.5", "echo >" + directory.resolve("done"))
            .build();
    stall(app);
    await(() -> limit.available() == 2);
    assertThat(directory.resolve("done")).exists();
    assertThat(runs).isEmpty();
  }

  /** The client has not taken all of its answer, and gets nothing of what is written behind it. */
  @Test
  void endlessOutputBehindTheAnswer_keepsNoPlace() throws Exception {
    Application app =
        builder(
                "printf 'Content-Type: text/plain\\nContent-Length: " + NUMBERS_LENGTH + "\\n\\n'",
                "seq 1 400000; exec yes")
            .build();
    Call call = stall(app);
    await(() -> limit.available() == 2);

    letAllGo();
    assertThat(call.outcome.complete()).isTrue();
    assertThat(call.crc.getValue()).isEqualTo(numbers());
    assertThat(runs.take().limits()).contains("unsent-body").doesNotContain("after-output");
  }

  @Test
  void r20_programThatIsKilledUnderASlowClient_isCut() throws Exception {
    Application app = builder(HEAD, "seq 1 400000", "kill -9 $$").build();
    Call call = stall(app);
    await(() -> limit.available() == 2);

    letAllGo();
    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.aborted).isTrue();
    assertThat(call.count).isEqualTo(NUMBERS_LENGTH);
    assertThat(runs.take().rule()).isEqualTo("bad-exit");
  }

  @Test
  void r20_clientThatLeavesAtLast_endsTheProgram() throws Exception {
    Application app = builder(HEAD, "seq 1 400000; exec sleep 987").build();
    Call call = stalling();
    call.goneAfter = 100_000;
    begin(app, call);
    await(() -> waiting.contains(call));
    TimeUnit.MILLISECONDS.sleep(1500);
    assertThat(limit.available()).isEqualTo(1);

    letAllGo();
    assertThat(call.outcome.complete()).isFalse();
    CgiRun run = runs.take();
    assertThat(run.failure()).isNotNull();
    assertThat(run.exit()).isEqualTo("signal 15");
    assertThat(limit.available()).isEqualTo(2);
  }

  @Test
  void r20_silentProgramUnderASlowClient_isHeldToItsTime() throws Exception {
    Application app =
        builder(HEAD, "seq 1 400000; exec sleep 987").idleTimeout(Duration.ofMillis(700)).build();
    Call call = stall(app);
    await(() -> limit.available() == 2);

    letAllGo();
    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.count).isEqualTo(NUMBERS_LENGTH);
    assertThat(runs.take().rule()).isEqualTo("program-timeout");
  }

  /** The program has ended in time, and its client takes what was read ahead too slowly. */
  @Test
  void timeForAll_alsoCutsWhatWasReadAhead() throws Exception {
    Duration time = Duration.ofSeconds(3);
    CgiApplication app = builder(HEAD, NUMBERS).totalTimeout(time).build();
    Call call = stall(app);
    long start = System.nanoTime();
    await(() -> limit.available() == 2);
    await(() -> System.nanoTime() - start > time.toNanos());

    letAllGo();
    assertThat(call.outcome.complete()).isFalse();
    assertThat(call.count).isLessThan(NUMBERS_LENGTH);
    assertThat(call.rule()).isEqualTo("program-timeout");
    assertThat(runs.take().rule()).isEqualTo("program-timeout");
    assertThat(app.refusals().count("program-timeout")).isEqualTo(1);
  }

  /** It is told once, by whoever reads ahead. */
  @Test
  void timeForAll_endsTheProgramThatIsReadAhead() throws Exception {
    CgiApplication app =
        builder(HEAD, "seq 1 400000; exec sleep 987").totalTimeout(Duration.ofSeconds(3)).build();
    Call call = stall(app);
    await(() -> limit.available() == 2);

    letAllGo();
    assertThat(call.rule()).isEqualTo("program-timeout");
    assertThat(runs.take().rule()).isEqualTo("program-timeout");
    assertThat(app.refusals().count("program-timeout")).isEqualTo(1);
  }

  // ---- fixtures ----

  private CgiApplication.Builder builder(String... lines) throws IOException {
    String name = "p" + directory.toFile().list().length;
    return CgiApplication.builder(Programs.sh(directory, name, lines))
        .limit(limit)
        .onRun(runs::add);
  }

  private static long numbers() {
    StringBuilder all = new StringBuilder();
    for (int i = 1; i <= 400_000; i++) {
      all.append(i).append('\n');
    }
    CRC32 crc = new CRC32();
    crc.update(all.toString().getBytes(StandardCharsets.US_ASCII));
    return crc.getValue();
  }

  /** Takes some of the answer, and then nothing until all may go on. */
  private Call stalling() {
    Call call = Call.get("/");
    call.discard = true;
    call.beforeWrite =
        () -> {
          if (call.count > 0) {
            waiting.add(call);
            letGo();
          }
        };
    return call;
  }

  /** Takes each of its first blocks so late that it counts as slow. */
  private static Call slowly() {
    Call call = Call.get("/");
    call.discard = true;
    call.beforeWrite =
        () -> {
          if (call.count < 1_500_000) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(call.count == 0 ? 1000 : 300));
          }
        };
    return call;
  }

  private void letGo() {
    try {
      go.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private Call begin(Application app, Call call) {
    Thread client = new Thread(() -> call.to(app));
    clients.add(client);
    client.start();
    return call;
  }

  /** Begins one, and waits until its client takes no more. */
  private Call stall(Application app) {
    Call call = begin(app, stalling());
    await(() -> waiting.contains(call));
    return call;
  }

  /** A middleware's body, which takes the one inside block by block. */
  private record Pulled(Body inside) implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      return inside.iterator();
    }

    @Override
    public void close() throws IOException {
      inside.close();
    }
  }
}
