package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class BlockInputTest {
  private static final Executor THREADS = task -> new Thread(task).start();

  @Test
  void allBytes_comeInTheirOrder_untilTheEnd() throws IOException {
    byte[] bytes = new byte[200_001];
    new Random(1).nextBytes(bytes);
    BlockInput in = new BlockInput(new ByteArrayInputStream(bytes)::read, THREADS);
    assertThat(in.available()).isZero();
    assertThat(in.read()).isEqualTo(bytes[0] & 0xFF);
    assertThat(in.available()).isEqualTo(64 * 1024 - 1);
    assertThat(in.read(new byte[0])).isZero();
    byte[] rest = in.readAllBytes();
    assertThat(rest).hasSize(200_000).endsWith(bytes[200_000]);
    assertThat(rest[77_777]).isEqualTo(bytes[77_778]);
    assertThat(in.read()).isEqualTo(-1);
  }

  @Test
  void interruptedRead_beginsNothing() {
    Queue<Runnable> tasks = new ArrayDeque<>();
    BlockInput in = new BlockInput(new ByteArrayInputStream(new byte[] {1, 2})::read, tasks::add);
    Thread.currentThread().interrupt();
    assertThatThrownBy(in::read).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(tasks).isEmpty();
  }

  @Test
  void failure_isThatOfEachRead() {
    IOException failure = new IOException("gone");
    BlockInput in =
        new BlockInput(
            bytes -> {
              throw failure;
            },
            THREADS);
    assertThatThrownBy(in::read).isSameAs(failure);
    assertThatThrownBy(in::read).isSameAs(failure);
  }

  @Test
  void errorOfTheSource_failsTheReader() {
    BlockInput in =
        new BlockInput(
            bytes -> {
              throw new OutOfMemoryError("test");
            },
            THREADS);
    assertThatThrownBy(in::read)
        .isInstanceOf(IOException.class)
        .hasCauseInstanceOf(OutOfMemoryError.class);
  }

  @Test
  void threadThatIsRefused_failsOneReadOnly() throws IOException {
    boolean[] refuses = {true};
    InputStream in =
        new BlockInput(
            new ByteArrayInputStream(new byte[] {7})::read,
            task -> {
              if (refuses[0]) {
                throw new RejectedExecutionException("test");
              }
              THREADS.execute(task);
            });
    assertThatThrownBy(in::read).isInstanceOf(RejectedExecutionException.class);
    refuses[0] = false;
    assertThat(in.read()).isEqualTo(7);
  }
}
