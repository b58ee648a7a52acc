package dev.postern.hosting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Output that another thread reads while a client is slow, without any program. */
@Timeout(60)
class ReadAheadTest {
  private static final int MUCH = 1 << 20;
  private static final long LATER = TimeUnit.SECONDS.toNanos(10);

  private final CountDownLatch done = new CountDownLatch(1);
  private ReadAhead ahead;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void failureOfTheProgram_cutsOnlyWhatIsNotWhole(boolean whole) throws Exception {
    ahead = new ReadAhead(MUCH, () -> true, () -> read(whole));
    ahead.leave();
    ahead.look(System.nanoTime() + LATER);
    done.await();

    assertThat(ahead.comeBack()).isTrue();
    assertThat(ahead.next()).isEqualTo(ByteBuffer.wrap(new byte[3]));
    if (whole) {
      assertThat(ahead.next()).isNull();
      assertThat(ahead.isWhole()).isTrue();
    } else {
      assertThatThrownBy(() -> ahead.next()).hasMessage("program must end by itself");
    }
    ahead.stop(() -> {});
  }

  private void read(boolean whole) {
    ahead.add(new byte[3]);
    if (whole) {
      ahead.complete();
    }
    ahead.end(new IllegalStateException("program must end by itself"));
    done.countDown();
  }

  /** As when the memory for another block has run out. */
  @Test
  void lookThatFails_isTriedAgainAndStopsNoOther() throws Exception {
    AtomicInteger failures = new AtomicInteger();
    CountDownLatch both = new CountDownLatch(2);
    ReadAhead[] runs = new ReadAhead[2];
    for (int i = 0; i < runs.length; i++) {
      int number = i;
      runs[i] =
          new ReadAhead(
              MUCH,
              () -> {
                if (failures.getAndIncrement() < 3) {
                  throw new OutOfMemoryError("Cannot reserve direct buffer memory");
                }
                return true;
              },
              () -> {
                runs[number].end(null);
                both.countDown();
              });
      runs[i].leave();
      SlowClients.add(runs[i]);
    }
    try {
      both.await();
    } finally {
      for (ReadAhead run : runs) {
        SlowClients.remove(run);
      }
    }
    assertThat(failures).hasValueGreaterThan(3);
  }
}
