package dev.postern;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway's stream as a channel: blocks outside the heap reach the sink as they are. */
class DirectBlockTest {
  private static final Headers BYTES = Headers.of("Content-Type", "application/octet-stream");
  private static final int LARGE = 20_000;

  /** Notes which blocks come as they are. */
  private static final class Sink implements ResponseSink {
    final StringBuilder body = new StringBuilder();
    final List<String> events = new ArrayList<>();
    Headers headers = Headers.of();
    boolean takesDirect;
    Runnable onWrite = () -> {};

    @Override
    public void head(int status, Headers newHeaders) {
      headers = newHeaders;
    }

    @Override
    public void write(byte[] source, int offset, int length) {
      events.add("array " + length);
      body.append(new String(source, offset, length, StandardCharsets.ISO_8859_1));
    }

    @Override
    public void write(ByteBuffer block) {
      events.add((block.isDirect() ? "direct " : "heap ") + block.remaining());
      while (block.hasRemaining()) {
        body.append((char) block.get());
      }
      onWrite.run();
    }

    @Override
    public boolean isDirect() {
      return takesDirect;
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {
      events.add("finish");
    }

    @Override
    public void abort(Throwable cause) {
      events.add("abort");
    }
  }

  private final Sink sink = new Sink();

  private static ByteBuffer direct(int size) {
    ByteBuffer block = ByteBuffer.allocateDirect(size);
    while (block.hasRemaining()) {
      block.put((byte) ('a' + block.position() % 26));
    }
    return block.flip();
  }

  private static String text(int size) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < size; i++) {
      text.append((char) ('a' + i % 26));
    }
    return text.toString();
  }

  private Outcome run(String method, Headers headers, Body.Writer writer) {
    return Exchange.of(Call.of(method, "/").environ(), sink)
        .run(
            (e, start) -> {
              start.start(200, headers);
              return Body.writing(writer);
            });
  }

  private static int put(OutputStream out, ByteBuffer block) throws IOException {
    return ((WritableByteChannel) out).write(block);
  }

  private Outcome send(Path file) throws IOException {
    Body body = Body.of(file);
    return Exchange.of(Call.of("GET", "/").environ(), sink)
        .run(
            (e, start) -> {
              start.start(200, BYTES);
              return body;
            });
  }

  @Test
  void largeFile_isReadIntoBlocksOutsideTheHeap_whereTheSinkTakesThem(@TempDir Path directory)
      throws IOException {
    int size = DirectBlocks.SIZE + LARGE;
    Path file = Files.writeString(directory.resolve("file"), text(size));
    Outcome arrays = send(file);
    assertThat(arrays.bytes()).isEqualTo(size);
    assertThat(sink.events).noneMatch(event -> event.startsWith("direct"));
    assertThat(sink.body).hasToString(text(size));

    sink.events.clear();
    sink.body.setLength(0);
    sink.takesDirect = true;
    Outcome outcome = send(file);
    assertThat(outcome.complete()).isTrue();
    assertThat(outcome.bytes()).isEqualTo(size);
    assertThat(sink.events)
        .containsExactly("direct " + DirectBlocks.SIZE, "direct " + LARGE, "finish");
    assertThat(sink.body).hasToString(text(size));
  }

  @Test
  void largeFileThatBecomesShorter_isAborted(@TempDir Path directory) throws IOException {
    sink.takesDirect = true;
    Path file = Files.writeString(directory.resolve("file"), text(4 * DirectBlocks.SIZE));
    sink.onWrite =
        () -> {
          try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(DirectBlocks.SIZE);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    Outcome outcome = send(file);
    assertThat(outcome.complete()).isFalse();
    assertThat(outcome.failure()).hasMessageContaining("became shorter");
    assertThat(sink.events).containsExactly("direct " + DirectBlocks.SIZE, "abort");
  }

  @Test
  void largeBlock_isHandedOnAsItIs_afterWhatWasHeld() {
    Outcome outcome =
        run(
            "GET",
            BYTES,
            out -> {
              out.write(bytes("held-"));
              ByteBuffer block = direct(LARGE);
              assertThat(put(out, block)).isEqualTo(LARGE);
              assertThat(block.hasRemaining()).isFalse();
            });
    assertThat(sink.events).containsExactly("array 5", "direct " + LARGE, "finish");
    assertThat(sink.body).hasToString("held-" + text(LARGE));
    assertThat(outcome.complete()).isTrue();
    assertThat(outcome.bytes()).isEqualTo(LARGE + 5);
  }

  @Test
  void smallBlock_isHeldLikeAnyOther() {
    run("GET", BYTES, out -> put(out, direct(100)));
    assertThat(sink.headers.get("Content-Length")).isEqualTo("100");
    assertThat(sink.events).containsExactly("array 100", "finish");
    assertThat(sink.body).hasToString(text(100));
  }

  @Test
  void attackE01_blockBeyondTheContentLength_isCutThere() {
    Outcome outcome =
        run("GET", BYTES.with("Content-Length", "10000"), out -> put(out, direct(LARGE)));
    assertThat(sink.body).hasToString(text(10_000));
    assertThat(outcome.bytes()).isEqualTo(10_000);
    assertThat(outcome.failure()).hasMessageContaining("Content-Length");
  }

  @Test
  void blockThatHardlyFits_isCutToo() {
    run("GET", BYTES.with("Content-Length", "3"), out -> put(out, direct(LARGE)));
    assertThat(sink.body).hasToString("abc");
  }

  @Test
  void head_hasNoBlock() {
    AtomicReference<Boolean> written = new AtomicReference<>(false);
    run(
        "HEAD",
        BYTES,
        out -> {
          ByteBuffer block = direct(LARGE);
          put(out, block);
          written.set(!block.hasRemaining());
        });
    assertThat(sink.events).containsExactly("finish");
    assertThat(sink.body).isEmpty();
  }

  @Test
  void streamAfterItsBody_takesNoBlock() {
    AtomicReference<OutputStream> kept = new AtomicReference<>();
    run("GET", BYTES, kept::set);
    assertThat(((WritableByteChannel) kept.get()).isOpen()).isFalse();
    assertThatThrownBy(() -> put(kept.get(), direct(LARGE))).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> put(kept.get(), direct(1))).isInstanceOf(IOException.class);
  }

  @Test
  void sinkThatKnowsOnlyArrays_getsTheSameBytes() {
    Call call =
        Call.get("/")
            .run(
                (environ, start) -> {
                  start.start(200, BYTES);
                  return Body.writing(out -> put(out, direct(LARGE)));
                });
    assertThat(call.sink().text()).isEqualTo(text(LARGE));
  }
}
