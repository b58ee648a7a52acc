package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BodyStreamTest {
  /** Gives one part a read, and says that no more is available after each. */
  private static final class Parts extends InputStream {
    private final List<String> parts = new ArrayList<>();
    private int closes;

    Parts(String... parts) {
      this.parts.addAll(Arrays.asList(parts));
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (parts.isEmpty()) {
        return -1;
      }
      byte[] part = bytes(parts.remove(0));
      if (part.length == 0) {
        throw new IOException("broken");
      }
      System.arraycopy(part, 0, bytes, offset, part.length);
      return part.length;
    }

    @Override
    public void close() {
      closes++;
    }
  }

  @Test
  void of_stream_givesTheSameBytesBothWays() throws Exception {
    byte[] bytes = new byte[100_000];
    new Random(1).nextBytes(bytes);
    assertThat(pulled(Body.of(new ByteArrayInputStream(bytes)))).isEqualTo(bytes);
    assertThat(pushed(Body.of(new ByteArrayInputStream(bytes)))).isEqualTo(bytes);
    assertThat(Body.of(new ByteArrayInputStream(bytes)).length()).isEqualTo(-1);
  }

  @Test
  void use_second_throws() throws Exception {
    Body body = Body.of(new Parts("a"));
    pushed(body);
    assertThatThrownBy(() -> pushed(body)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(body::iterator).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void close_closesTheStream_alsoUnread() throws Exception {
    Parts parts = new Parts("a");
    Body.of(parts).close();
    assertThat(parts.closes).isEqualTo(1);
  }

  @Test
  void writeTo_whenNothingIsAvailable_flushes() throws Exception {
    List<String> flushed = new ArrayList<>();
    OutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void flush() {
            flushed.add(toString());
          }
        };
    Body.of(new Parts("a", "b")).writeTo(out);
    assertThat(flushed).containsExactly("a", "ab");
  }

  @Test
  void writeTo_whileMoreIsAvailable_doesNotFlush() throws Exception {
    List<Integer> flushedAt = new ArrayList<>();
    OutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void flush() {
            flushedAt.add(size());
          }
        };
    Body.of(new ByteArrayInputStream(new byte[40_000])).writeTo(out);
    assertThat(flushedAt).containsExactly(40_000);
  }

  @Test
  void iterator_givesABlockForEachRead() {
    assertThat(Bodies.blocks(Body.of(new Parts("a", "bc")))).containsExactly("a", "bc");
  }

  @Test
  void iterator_blocksBelongToWhoTookThem() {
    Iterator<ByteBuffer> iterator = Body.of(new Parts("aa", "bb")).iterator();
    ByteBuffer first = iterator.next();
    iterator.next();
    assertThat(first.array()).isEqualTo(bytes("aa"));
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void readError_comesOutUnchangedWhenPushedAndAsACauseWhenPulled() {
    assertThatThrownBy(() -> pushed(Body.of(new Parts("a", ""))))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("broken");
    assertThatThrownBy(() -> pulled(Body.of(new Parts("a", ""))))
        .isExactlyInstanceOf(UncheckedIOException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("broken");
  }
}
