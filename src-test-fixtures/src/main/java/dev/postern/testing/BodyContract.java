package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.Body;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * JUnit tests of what SPEC.md asks of a {@link Body}. To test a body of your own, extend this class
 * and say how to make the body.
 *
 * <pre>{@code
 * class ZipBodyTest extends BodyContract {
 *   @Override
 *   protected Body body() {
 *     return new ZipBody(List.of("a", "b"));
 *   }
 * }
 * }</pre>
 */
public abstract class BodyContract {
  /** The ids of SPEC.md that this contract checks. */
  static final List<String> RULES = List.of("A11", "A12", "A13");

  /** For subclasses. */
  protected BodyContract() {}

  /** Returns a new body, always with the same bytes. The contract closes it. */
  protected abstract Body body() throws Exception;

  @Test
  @DisplayName("A12 must give the same bytes by its iterator and by writeTo")
  final void views_giveTheSameBytes() throws Exception {
    byte[] written = written();
    assertThat(pulled())
        .as("body must give the same bytes by its iterator [A12]")
        .isEqualTo(written);
  }

  @Test
  @DisplayName("A12 must give the same bytes each time it is made")
  final void bodies_giveTheSameBytes() throws Exception {
    byte[] first = written();
    assertThat(written()).as("body must give the same bytes again [A12]").isEqualTo(first);
  }

  @Test
  @DisplayName("A11 must have a length that is true, or -1")
  final void length_isTrueOrUnknown() throws Exception {
    byte[] written = written();
    try (Body body = body()) {
      assertThat(body.length())
          .as("body must say how long it is, or -1 [A11]")
          .isIn(-1L, (long) written.length);
    }
  }

  @Test
  @DisplayName("A13 must have an iterator that keeps to Iterator and gives no null")
  final void iterator_keepsItsContract() throws Exception {
    try (Body body = body()) {
      Iterator<ByteBuffer> blocks = body.iterator();
      while (blocks.hasNext()) {
        assertThat(blocks.hasNext()).as("hasNext must take nothing [A13]").isTrue();
        assertThat(blocks.next()).as("iterator must give blocks [A13]").isNotNull();
      }
      assertThat(blocks.hasNext()).as("iterator must stay at its end [A13]").isFalse();
      assertThat(catchThrowable(blocks::next))
          .as("iterator must refuse to go past its end [A13]")
          .isInstanceOf(NoSuchElementException.class);
    }
  }

  @Test
  @DisplayName("A12 must leave a block to whoever took it")
  final void block_isNotUsedAgain() throws Exception {
    byte[] written = written();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    List<ByteBuffer> kept = new ArrayList<>();
    try (Body body = body()) {
      body.iterator().forEachRemaining(kept::add);
      for (ByteBuffer block : kept) {
        bytes.writeBytes(taken(block));
      }
    }
    assertThat(bytes.toByteArray()).as("block must not be used again [A12]").isEqualTo(written);
  }

  @Test
  @DisplayName("A12 must bear to be closed unread")
  final void close_withoutReading_isFine() throws Exception {
    body().close();
  }

  @Test
  @DisplayName("A12 must bear to be closed after its first block")
  final void close_afterTheFirstBlock_isFine() throws Exception {
    try (Body body = body()) {
      Iterator<ByteBuffer> blocks = body.iterator();
      if (blocks.hasNext()) {
        blocks.next();
      }
    }
  }

  @Test
  @DisplayName("A12 must throw what the stream throws")
  final void writeTo_throwsWhatTheStreamThrows() throws Exception {
    byte[] written = written();
    IOException gone = new IOException("client is gone");
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw gone;
          }
        };
    try (Body body = body()) {
      if (written.length > 0) {
        assertThat(catchThrowable(() -> body.writeTo(broken)))
            .as("body must not swallow that nobody reads it [A12]")
            .matches(e -> e != null && (gone.equals(e) || gone.equals(e.getCause())));
      }
    }
  }

  private byte[] written() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Body body = body()) {
      body.writeTo(bytes);
    }
    return bytes.toByteArray();
  }

  private byte[] pulled() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Body body = body()) {
      for (ByteBuffer block : body) {
        bytes.writeBytes(taken(block));
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] taken(ByteBuffer block) {
    byte[] bytes = new byte[block.remaining()];
    block.get(bytes);
    return bytes;
  }
}
