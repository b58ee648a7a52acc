package dev.postern;

import static dev.postern.Bodies.blocks;
import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Body#writing}, above all where a middleware pulls it. */
@Timeout(60)
class BodyWritingTest {
  private final AtomicReference<Thread> writer = new AtomicReference<>();

  /** The thread of a pulled writer must be gone after the body was closed. */
  private void assertWriterEnded() throws InterruptedException {
    writer.get().join(30_000);
    assertThat(writer.get().isAlive()).isFalse();
  }

  // ---- pushed ----

  @Test
  void writeTo_callsTheWriterOnThisThread() throws Exception {
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              out.write(bytes("abc"));
            });
    assertThat(pushed(body)).isEqualTo(bytes("abc"));
    assertThat(writer.get()).isSameAs(Thread.currentThread());
    assertThat(body.length()).isEqualTo(-1);
  }

  @Test
  void use_second_throws() throws Exception {
    Body body = Body.writing(out -> out.write('a'));
    pushed(body);
    assertThatThrownBy(() -> pushed(body)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(body::iterator).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void use_afterClose_throws() throws Exception {
    Body body = Body.writing(out -> out.write('a'));
    body.close();
    assertThatThrownBy(() -> pushed(body)).isInstanceOf(IllegalStateException.class);
  }

  // ---- pulled ----

  @Test
  void iterator_givesTheSameBytes() throws Exception {
    Random random = new Random(1);
    byte[] bytes = new byte[300_000];
    random.nextBytes(bytes);
    Body.Writer pieces =
        out -> {
          Random sizes = new Random(2);
          for (int i = 0; i < bytes.length; ) {
            int n = Math.min(bytes.length - i, sizes.nextInt(20_000));
            if (n == 1) {
              out.write(bytes[i]);
            } else {
              out.write(bytes, i, n);
            }
            if (sizes.nextInt(4) == 0) {
              out.flush();
            }
            i += n;
          }
        };
    assertThat(pulled(Body.writing(pieces))).isEqualTo(bytes);
    assertThat(pushed(Body.writing(pieces))).isEqualTo(bytes);
  }

  @Test
  void iterator_smallWrites_comeAsBlocksOfUpTo8Kib() {
    Body body =
        Body.writing(
            out -> {
              for (int i = 0; i < 20_000; i++) {
                out.write('x');
              }
            });
    List<Integer> sizes = blocks(body).stream().map(String::length).toList();
    assertThat(sizes).containsExactly(8192, 8192, 3616);
  }

  @Test
  void iterator_flush_handsOverWhatThereIs() {
    Body body =
        Body.writing(
            out -> {
              out.write(bytes("a"));
              out.write(bytes("b"));
              out.flush();
              out.flush();
              out.write(bytes("c"));
              out.close();
              out.write(bytes("d"));
            });
    assertThat(blocks(body)).containsExactly("ab", "cd");
  }

  @Test
  void iterator_beforeTheFirstBlockIsAskedFor_doesNotStartTheWriter() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    Body body = Body.writing(out -> calls.incrementAndGet());
    assertThat(body.iterator()).isNotNull();
    body.close();
    assertThat(calls).hasValue(0);
  }

  @Test
  void iterator_writerRunsOnlyWhileThePullerWaits() {
    List<String> steps = Collections.synchronizedList(new ArrayList<>());
    Body body =
        Body.writing(
            out -> {
              for (int i = 1; i <= 3; i++) {
                steps.add("write " + i);
                out.write('0' + i);
                out.flush();
              }
              steps.add("end");
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    while (iterator.hasNext()) {
      steps.add("take " + (char) iterator.next().get());
    }
    assertThat(steps)
        .containsExactly("write 1", "take 1", "write 2", "take 2", "write 3", "take 3", "end");
  }

  @Test
  void iterator_ofManyBytes_holdsOneBlock() {
    // 2 GB through a heap of 512 MB: nothing is kept.
    long size = 2L << 30;
    byte[] chunk = new byte[1 << 20];
    Body body =
        Body.writing(
            out -> {
              for (long left = size; left > 0; left -= chunk.length) {
                out.write(chunk);
              }
            });
    long seen = 0;
    for (ByteBuffer block : body) {
      seen += block.remaining();
    }
    assertThat(seen).isEqualTo(size);
  }

  @Test
  void iterator_writerReusesItsArray_blockIsNotChanged() {
    Body body =
        Body.writing(
            out -> {
              byte[] array = new byte[10_000];
              for (int i = 1; i <= 2; i++) {
                java.util.Arrays.fill(array, (byte) i);
                out.write(array);
              }
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    ByteBuffer first = iterator.next();
    ByteBuffer second = iterator.next();
    assertThat(first.get(0)).isEqualTo((byte) 1);
    assertThat(second.get(0)).isEqualTo((byte) 2);
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void iterator_writersException_isACauseAfterItsBlocks() {
    IOException error = new IOException("checked");
    Body body =
        Body.writing(
            out -> {
              out.write('a');
              out.flush();
              throw error;
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    assertThat(iterator.next().get()).isEqualTo((byte) 'a');
    assertThatThrownBy(iterator::hasNext)
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isSameAs(error);
    // Whoever asks again must not take it for a clean end.
    assertThatThrownBy(iterator::hasNext)
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isSameAs(error);
  }

  @Test
  void iterator_writersOtherCheckedException_isTheCauseOfAnIoException() {
    Exception error = new Exception("checked");
    Body body =
        Body.writing(
            out -> {
              throw error;
            });
    assertThatThrownBy(() -> body.iterator().next())
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .cause()
        .isSameAs(error);
  }

  @ParameterizedTest
  @MethodSource("unchecked")
  void iterator_writersUncheckedException_comesOutUnchanged(Throwable error) {
    Body body =
        Body.writing(
            out -> {
              throw Sneaky.<RuntimeException>rethrow(error);
            });
    assertThatThrownBy(() -> body.iterator().next()).isSameAs(error);
  }

  static List<Throwable> unchecked() {
    return List.of(
        new StackOverflowError(), new IllegalStateException(), new HttpException(404, "none"));
  }

  @Test
  void iterator_writeOutOfBounds_throwsInTheWriter() {
    Body body = Body.writing(out -> out.write(new byte[4], 2, 9000));
    assertThatThrownBy(() -> pulled(body)).isInstanceOf(IndexOutOfBoundsException.class);
    Body small = Body.writing(out -> out.write(new byte[4], 2, 3));
    assertThatThrownBy(() -> pulled(small)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void close_whileAWriterWaitsForItsBlockToBeTaken_endsIt() throws Exception {
    AtomicReference<Throwable> seen = new AtomicReference<>();
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              try {
                while (true) {
                  out.write('x');
                  out.flush();
                }
              } catch (IOException e) {
                seen.set(e);
                throw e;
              }
            });
    body.iterator().next();
    body.close();
    assertWriterEnded();
    assertThat(seen.get()).isInstanceOf(IOException.class);
  }

  @Test
  void close_whileAWriterWaitsForSomethingElse_interruptsIt() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              waiting.countDown();
              new CountDownLatch(1).await();
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    AtomicReference<Object> end = new AtomicReference<>();
    Thread puller =
        new Thread(
            () -> {
              try {
                end.set(iterator.hasNext());
              } catch (Throwable e) {
                end.set(e);
              }
            });
    puller.start();
    waiting.await();
    body.close();
    puller.join(30_000);
    assertThat(puller.isAlive()).isFalse();
    assertWriterEnded();
    assertThat(end.get()).as("what the puller saw: no clean end").isInstanceOf(Throwable.class);
  }

  @Test
  void iterator_afterClose_isNoCleanEnd() throws Exception {
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              out.write('a');
              out.flush();
              out.write('b');
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    iterator.next();
    body.close();
    assertThatThrownBy(iterator::hasNext).hasCauseInstanceOf(IOException.class);
    assertWriterEnded();
  }

  @Test
  void close_afterTheEnd_leavesACleanEnd() throws Exception {
    Body body = Body.writing(out -> out.write('a'));
    Iterator<ByteBuffer> iterator = body.iterator();
    iterator.next();
    assertThat(iterator.hasNext()).isFalse();
    body.close();
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void stream_usedAfterTheWriterReturned_throws() throws Exception {
    AtomicReference<OutputStream> kept = new AtomicReference<>();
    Body body =
        Body.writing(
            out -> {
              kept.set(out);
              out.write('a');
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    assertThat(iterator.next().get()).isEqualTo((byte) 'a');
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(() -> kept.get().write('b')).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> kept.get().write(new byte[9000])).isInstanceOf(IOException.class);
    assertThat(iterator.hasNext()).isFalse();
  }

  @Test
  void stream_usedAfterClose_throwsAlsoWhereTheWriterSwallowsIt() throws Exception {
    List<String> seen = Collections.synchronizedList(new ArrayList<>());
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              out.write('a');
              try {
                out.flush();
                out.write('b');
                out.flush();
              } catch (IOException e) {
                seen.add("first");
              }
              try {
                out.write('c');
              } catch (IOException e) {
                seen.add("again");
              }
            });
    body.iterator().next();
    body.close();
    assertWriterEnded();
    assertThat(seen).containsExactly("first", "again");
  }

  @Test
  void puller_interrupted_interruptsTheWriterAndStaysInterrupted() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    AtomicReference<Throwable> seen = new AtomicReference<>();
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              waiting.countDown();
              new CountDownLatch(1).await();
            });
    Thread puller =
        new Thread(
            () -> {
              try {
                seen.set(new AssertionError("ended: " + body.iterator().hasNext()));
              } catch (Throwable e) {
                seen.set(e);
              }
              interrupted.set(Thread.currentThread().isInterrupted());
            });
    puller.start();
    waiting.await();
    puller.interrupt();
    puller.join(30_000);
    assertThat(puller.isAlive()).isFalse();
    assertThat(seen.get())
        .isInstanceOf(UncheckedIOException.class)
        .cause()
        .isInstanceOf(InterruptedIOException.class)
        .hasCauseInstanceOf(InterruptedException.class);
    assertThat(interrupted.get()).isTrue();
    assertWriterEnded();
  }

  // ---- the interrupt flag ----

  /** Three blocks, and what the writer saw of the flag before each. */
  private static Body writingThreeBlocks(List<Boolean> flags) {
    return Body.writing(
        out -> {
          for (int i = 0; i < 3; i++) {
            flags.add(Thread.currentThread().isInterrupted());
            out.write('a' + i);
            out.flush();
          }
        });
  }

  @Test
  void interruptFlag_breaksAPulledBodyNoMoreThanAPushedOne() throws Exception {
    for (boolean pulled : new boolean[] {false, true}) {
      List<Boolean> flags = Collections.synchronizedList(new ArrayList<>());
      Body body = writingThreeBlocks(flags);
      Thread.currentThread().interrupt();
      byte[] bytes = pulled ? pulled(body) : pushed(body);
      body.close();
      assertThat(Thread.interrupted()).as("flag afterwards, pulled: " + pulled).isTrue();
      assertThat(bytes).isEqualTo(bytes("abc"));
      assertThat(flags).as("flag in the writer, pulled: " + pulled).containsOnly(true).hasSize(3);
    }
  }

  @Test
  void interruptFlag_clearedByTheWriter_staysClearedBothWays() throws Exception {
    for (boolean pulled : new boolean[] {false, true}) {
      List<Boolean> flags = Collections.synchronizedList(new ArrayList<>());
      Body body =
          Body.writing(
              out -> {
                flags.add(Thread.interrupted());
                out.write('a');
                out.flush();
                flags.add(Thread.interrupted());
              });
      Thread.currentThread().interrupt();
      byte[] bytes = pulled ? pulled(body) : pushed(body);
      assertThat(Thread.interrupted()).as("flag afterwards, pulled: " + pulled).isFalse();
      assertThat(bytes).isEqualTo(bytes("a"));
      assertThat(flags).as("flag in the writer, pulled: " + pulled).containsExactly(true, false);
    }
  }

  @Test
  void interruptFlag_setByTheWriter_reachesThePullerAndBreaksNothing() {
    Body body =
        Body.writing(
            out -> {
              Thread.currentThread().interrupt();
              out.write('a');
              out.flush();
              out.write('b');
            });
    Iterator<ByteBuffer> iterator = body.iterator();
    assertThat(iterator.next().get()).isEqualTo((byte) 'a');
    assertThat(Thread.interrupted()).isTrue();
    assertThat(iterator.next().get()).isEqualTo((byte) 'b');
    assertThat(iterator.hasNext()).isFalse();
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void interruptFlag_set_closeStillWaitsForTheWriter() throws Exception {
    Body body =
        Body.writing(
            out -> {
              writer.set(Thread.currentThread());
              out.write('a');
              out.flush();
              out.write('b');
            });
    body.iterator().next();
    Thread.currentThread().interrupt();
    body.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(writer.get().isAlive()).isFalse();
  }

  @Test
  void writersInterruptedException_throughAnExchange_setsTheFlagAgainOnlyWhenAllIsDone() {
    Call call = Call.get("/");
    List<Boolean> flags = new ArrayList<>();
    call.sink()
        .at(RecordingSink.Step.WRITE, 1, () -> flags.add(Thread.currentThread().isInterrupted()));
    call.run(
        (environ, start) -> {
          start.start(200, Headers.of("Content-Type", "text/plain"));
          Body written =
              Body.writing(
                  out -> {
                    throw new InterruptedException();
                  });
          return () -> written.iterator();
        });
    assertThat(Thread.interrupted()).isTrue();
    assertThat(flags).containsExactly(false);
    assertThat(call.status()).isEqualTo(500);
  }
}
