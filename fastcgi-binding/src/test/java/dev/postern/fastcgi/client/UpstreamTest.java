package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.internal.DaemonTimer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Idle connections that have become too old. */
@Timeout(60)
class UpstreamTest {
  private final BlockingQueue<String> closed = new LinkedBlockingQueue<>();

  private FakeServer server() throws Exception {
    return new FakeServer((in, out) -> closed.add("closed " + in.read()));
  }

  private static Upstream upstream(
      FakeServer server, long keepNanos, @Nullable ScheduledThreadPoolExecutor timer) {
    return new Upstream(ServerAddress.of(server.address()), 4, keepNanos, timer);
  }

  private static ServerConnection open(Upstream upstream) throws Exception {
    return upstream.open(TimeUnit.SECONDS.toNanos(30));
  }

  @Test
  void giveBack_closesTheOldest() throws Exception {
    try (FakeServer server = server()) {
      Upstream upstream = upstream(server, 0, null);
      ServerConnection newer = open(upstream);
      upstream.giveBack(open(upstream));
      upstream.giveBack(newer);
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
      upstream.close();
    }
  }

  @Test
  void take_closesAllThatAreTooOld() throws Exception {
    try (FakeServer server = server()) {
      long keepNanos = TimeUnit.MILLISECONDS.toNanos(1);
      Upstream upstream = upstream(server, keepNanos, null);
      ServerConnection newer = open(upstream);
      upstream.giveBack(open(upstream));
      upstream.giveBack(newer);
      long start = System.nanoTime();
      while (System.nanoTime() - start < keepNanos) {
        Thread.onSpinWait();
      }
      assertThat(upstream.take()).isNull();
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
    }
  }

  @Test
  void timer_closesThemWithoutARequest() throws Exception {
    ScheduledThreadPoolExecutor timer = DaemonTimer.named("postern-idle-connections");
    try (FakeServer server = server()) {
      Upstream upstream = upstream(server, TimeUnit.MILLISECONDS.toNanos(50), timer);
      ServerConnection newer = open(upstream);
      upstream.giveBack(open(upstream));
      upstream.giveBack(newer);
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
      upstream.giveBack(open(upstream));
      assertThat(closed.poll(30, TimeUnit.SECONDS)).isEqualTo("closed -1");
      assertThat(upstream.take()).isNull();
    } finally {
      timer.shutdownNow();
    }
  }
}
