package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which server a request goes to. */
@Timeout(60)
class UpstreamsTest {
  private static final int SERVERS = 4;
  private static final long NANOS = TimeUnit.SECONDS.toNanos(1);

  @Test
  void requestsAtOnce_goToAServerEach() throws Exception {
    try (FakeServer server = new FakeServer((in, out) -> in.read());
        Upstreams upstreams =
            Upstreams.of(
                Collections.nCopies(SERVERS, ServerAddress.of(server.address())),
                1,
                Duration.ofSeconds(30))) {
      AtomicInteger shared = new AtomicInteger();
      AtomicInteger failures = new AtomicInteger();
      List<Thread> threads = new ArrayList<>();
      long start = System.nanoTime();
      for (int i = 0; i < SERVERS; i++) {
        Thread thread =
            new Thread(
                () -> {
                  while (shared.get() == 0 && System.nanoTime() - start < NANOS) {
                    takeAndGiveBack(upstreams, shared);
                  }
                });
        thread.setUncaughtExceptionHandler((t, e) -> failures.incrementAndGet());
        thread.start();
        threads.add(thread);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(shared).hasValue(0);
      assertThat(failures).hasValue(0);
    }
  }

  private static void takeAndGiveBack(Upstreams upstreams, AtomicInteger shared) {
    try {
      ServerConnection connection = upstreams.take(false, Set.of());
      Upstream upstream = connection.upstream();
      if (upstream.active() > 1) {
        shared.incrementAndGet();
      }
      upstream.giveBack(connection);
      upstream.end();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
