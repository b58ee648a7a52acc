package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Whose time it is when a client sends slowly, and when a program says nothing yet. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class SlowInputTest {
  private static final String HEAD = "printf 'Content-Type: text/plain\\n\\n'";
  private static final int LENGTH = 100_000;

  @TempDir Path directory;

  /** A body that takes ten times as long to come as the program may take to answer. */
  @Test
  void attackF08_slowUpload_isNotTheProgramsSilence() throws IOException {
    Application app =
        builder("n=$(wc -c)", HEAD, "printf $n").headerTimeout(Duration.ofMillis(500)).build();

    Call call = Call.of("POST", "/").length(LENGTH).input(new Slow(10, 200)).to(app);

    assertThat(call.status).as(call.log()).isEqualTo(200);
    assertThat(call.body()).isEqualTo("" + LENGTH);
  }

  @Test
  void attackF08_slowUploadAfterTheHead_isNotTheProgramsSilence() throws IOException {
    Application app =
        builder(HEAD, "n=$(wc -c)", "printf $n").idleTimeout(Duration.ofMillis(500)).build();

    Call call = Call.of("POST", "/").length(LENGTH).input(new Slow(10, 200)).to(app);

    assertThat(call.body()).isEqualTo("" + LENGTH);
  }

  @Test
  void attackF08_programThatLeavesItsInput_isSilentOfItself() throws IOException {
    Application app = builder("exec sleep 987").headerTimeout(Duration.ofMillis(300)).build();
    Slow slow = new Slow(1000, 50);

    Call call = Call.of("POST", "/").length(LENGTH).input(slow).to(app);

    assertThat(call.status).isEqualTo(504);
    assertThat(slow.reads).isLessThan(1000);
  }

  @Test
  void attackF08_timeForAll_boundsTheUploadToo() throws IOException {
    Application app = builder("cat >/dev/null").totalTimeout(Duration.ofMillis(400)).build();

    Call call = Call.of("POST", "/").length(LENGTH).input(new Slow(1000, 50)).to(app);

    assertThat(call.status).isEqualTo(504);
  }

  /** Bodies of unknown length that are held for others leave no room, and then all of it. */
  @Test
  void attackF24_spoolsOfOthers_are503AndGivenBack() throws Exception {
    byte[] body = new byte[1000];
    Application small = builder("cat >/dev/null", HEAD).maxSpool(999).build();
    Call full = Call.of("POST", "/").input(new ByteArrayInputStream(body)).to(small);
    assertThat(full.status).isEqualTo(503);
    assertThat(full.rule()).isEqualTo("spool-full");
    assertThat(full.headers.get("Retry-After")).isNotNull();
    assertThat(Call.post("/", body).to(small).status).isEqualTo(200);

    Application enough = builder("cat >/dev/null", HEAD).maxSpool(10_000_000).build();
    for (int i = 0; i < 3; i++) {
      byte[] most = new byte[6_000_000];
      Call call = Call.of("POST", "/").input(new ByteArrayInputStream(most)).to(enough);
      assertThat(call.status).isEqualTo(200);
    }
  }

  /** {@code EventSource} tells of its connection when it has the head. */
  @Test
  void headThatNothingFollows_goesOutAlone() throws Exception {
    Path go = directory.resolve("go");
    Application app =
        builder(HEAD, "while [ ! -e " + go + " ]; do sleep 0.02; done", "printf ok").build();
    CountDownLatch flushed = new CountDownLatch(1);
    Call call = Call.get("/");
    call.onFlush = flushed::countDown;
    Thread request = new Thread(() -> call.to(app));
    request.start();

    assertThat(flushed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(call.status).isEqualTo(200);
    assertThat(call.count).isZero();
    assertThat(go.toFile().createNewFile()).isTrue();
    request.join();
    assertThat(call.body()).isEqualTo("ok");
    assertThat(call.outcome.complete()).isTrue();
  }

  private CgiApplication.Builder builder(String... lines) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, "p", lines));
  }

  /** A body that comes in pieces, with a pause before each. */
  private static final class Slow extends InputStream {
    private final int piece;
    private final long pauseMillis;
    private int left = LENGTH;
    private volatile int reads;

    Slow(int pieces, long pauseMillis) {
      this.piece = (LENGTH + pieces - 1) / pieces;
      this.pauseMillis = pauseMillis;
    }

    @Override
    public int read() {
      throw new IllegalStateException("one byte at a time must not be asked for");
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      try {
        Thread.sleep(pauseMillis);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      reads++;
      int n = Math.min(left, Math.min(piece, length));
      left -= n;
      return n;
    }
  }
}
