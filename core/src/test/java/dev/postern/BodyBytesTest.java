package dev.postern;

import static dev.postern.Bodies.blocks;
import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.pulled;
import static dev.postern.Bodies.pushed;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

/** Bodies of bytes and of text, and what an iterator gets for free. */
class BodyBytesTest {
  @Test
  void of_blocks_giveTheSameBytesBothWaysAgainAndAgain() throws Exception {
    Body body = Body.of(bytes("a"), bytes("äb"), new byte[20_000]);
    assertThat(body.length()).isEqualTo(20_004);
    for (int use = 0; use < 2; use++) {
      assertThat(pulled(body)).isEqualTo(pushed(body)).hasSize(20_004).startsWith(bytes("aäb"));
      body.close();
    }
  }

  @Test
  void of_text_isUtf8() throws Exception {
    assertThat(pushed(Body.of("ä€"))).isEqualTo(bytes("ä€"));
    assertThat(Body.of("ä€").length()).isEqualTo(5);
  }

  @Test
  void of_nothing_isEmpty() throws Exception {
    for (Body body : List.of(Body.empty(), Body.of(), Body.of(""), Body.of(new byte[0]))) {
      assertThat(body.length()).isZero();
      assertThat(pulled(body)).isEmpty();
      assertThat(pushed(body)).isEmpty();
    }
  }

  @Test
  void of_nullBlock_throws() {
    assertThatNullPointerException().isThrownBy(() -> Body.of(new byte[0], null));
    assertThatNullPointerException().isThrownBy(() -> Body.of((String) null));
  }

  @Test
  void iterator_ofBytes_cannotChangeThem() throws Exception {
    Body body = Body.of("abc");
    ByteBuffer block = body.iterator().next();
    assertThat(block.isReadOnly()).isTrue();
    block.position(3);
    assertThat(pushed(body)).isEqualTo(bytes("abc"));
    assertThat(blocks(body)).containsExactly("abc");
  }

  @Test
  void iterator_atEnd_throws() {
    Iterator<ByteBuffer> iterator = Body.empty().iterator();
    assertThat(iterator.hasNext()).isFalse();
    assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
  }

  @Test
  void writeTo_ofIterator_writesAndFlushesEachBlockBeforeTheNext() throws Exception {
    List<String> seen = new ArrayList<>();
    OutputStream out =
        new ByteArrayOutputStream() {
          @Override
          public void flush() {
            seen.add("flush " + this);
          }
        };
    Body body =
        steps(
            text("a"),
            text(""),
            () -> {
              seen.add("asked");
              return bytes("b");
            });
    body.writeTo(out);
    assertThat(seen).containsExactly("flush a", "asked", "flush ab");
    assertThat(body.length()).isEqualTo(-1);
  }

  @Test
  void writeTo_directReadOnlyAndSlicedBlocks_areWrittenWhole() throws Exception {
    byte[] big = new byte[20_000];
    big[19_999] = 7;
    ByteBuffer direct = ByteBuffer.allocateDirect(big.length).put(big).flip();
    ByteBuffer sliced = ByteBuffer.wrap(bytes("xxabcxx"), 1, 4).slice().position(1);
    List<ByteBuffer> blocks = List.of(direct, ByteBuffer.wrap(big).asReadOnlyBuffer(), sliced);
    Body body = blocks::iterator;
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    expected.write(big);
    expected.write(big);
    expected.write(bytes("abc"));
    assertThat(pushed(body)).isEqualTo(expected.toByteArray());
    assertThat(blocks).noneMatch(ByteBuffer::hasRemaining);
  }

  @Test
  void writeTo_whenIteratorThrowsAChecked_letsItOutUnchanged() {
    IOException error = new IOException("disk");
    assertThatThrownBy(() -> pushed(steps(Bodies.fail(error)))).isSameAs(error);
  }
}
