package dev.postern.launcher.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Components;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Scheduler;
import org.junit.jupiter.api.Test;

/** Which bodies are late, by a clock that the test sets. */
class PacedBodyTest {
  private static final int RATE = 500;

  private final Queue<Content.Chunk> arrived = new ArrayDeque<>();
  private final List<Runnable> demands = new ArrayList<>();
  private final List<Runnable> looks = new ArrayList<>();
  private final List<String> woken = new ArrayList<>();
  private long now = 5;

  private final PacedBody body = new PacedBody(request(), RATE, () -> false, () -> now);

  private Request request() {
    Scheduler scheduler = fake(Scheduler.class, Map.of("schedule", task -> looks.add(task)));
    Components components = fake(Components.class, Map.of("getScheduler", nothing -> scheduler));
    return fake(
        Request.class,
        Map.of(
            "read", nothing -> arrived.poll(),
            "demand", demand -> demands.add(demand),
            "getComponents", nothing -> components));
  }

  /** Makes an object of some methods, which get their first argument. */
  private static <T> T fake(Class<T> type, Map<String, Function<Runnable, Object>> methods) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              Object result =
                  methods
                      .get(method.getName())
                      .apply(arguments == null ? null : (Runnable) arguments[0]);
              return method.getReturnType().isInstance(result) ? result : null;
            }));
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private void arrive(int bytes) {
    arrived.add(Content.Chunk.from(ByteBuffer.allocate(bytes), false));
  }

  private void demand() {
    assertThat(body.read()).isNull();
    body.demand(() -> woken.add("reader"));
  }

  private static boolean isLate(Content.Chunk chunk) {
    return Content.Chunk.isFailure(chunk, true) && chunk.getFailure() instanceof TimeoutException;
  }

  @Test
  void readerThatTakesItsTime_makesNoBodyLate() {
    for (int i = 0; i < 3; i++) {
      arrive(1);
      assertThat(body.read().remaining()).isOne();
      pass(Duration.ofHours(1));
    }
    demand();
    pass(Duration.ofSeconds(9));
    arrive(1);
    demands.remove(0).run();
    pass(Duration.ofHours(1));
    looks.remove(0).run();

    assertThat(body.read().remaining()).isOne();
    assertThat(woken).hasSize(1);
  }

  @Test
  void clientThatIsWaitedFor_isLateAfterTheGrace() {
    demand();
    pass(Duration.ofSeconds(9));
    looks.remove(0).run();
    assertThat(woken).isEmpty();
    pass(Duration.ofSeconds(2));
    looks.remove(0).run();

    assertThat(woken).hasSize(1);
    assertThat(isLate(body.read())).isTrue();
  }

  /** Nanoseconds for each byte would not fit into a long from 9.2 GB on. */
  @Test
  void bodyOfAnyLength_earnsItsTime() {
    long hour = TimeUnit.HOURS.toNanos(1);
    for (long bytes : new long[] {10_000_000_000L, 10_000_000_000_000L, Long.MAX_VALUE}) {
      assertThat(PacedBody.isLate(hour, bytes, 500)).as("%d bytes", bytes).isFalse();
    }
    assertThat(PacedBody.isLate(hour, 500L * 3600, 500)).isFalse();
    assertThat(PacedBody.isLate(hour + 1, 500L * 3600, 500)).isTrue();
    assertThat(PacedBody.isLate(1, 0, 500)).isTrue();
    assertThat(PacedBody.isLate(-1, 0, 500)).isFalse();
  }

  /** All waits count together, and each byte gives time. */
  @Test
  void clientThatDrips_isLate() {
    int chunks = 0;
    Content.Chunk chunk;
    do {
      demand();
      pass(Duration.ofSeconds(2));
      arrive(RATE);
      demands.remove(0).run();
      chunk = body.read();
      chunks++;
    } while (!isLate(chunk));

    assertThat(chunks).isEqualTo(11);
  }
}
