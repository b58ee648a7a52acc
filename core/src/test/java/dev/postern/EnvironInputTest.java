package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code postern.input}: W36, and half a body never looks whole. */
class EnvironInputTest {
  /** A connection: more bytes follow those of the body, and it must never be closed. */
  private static final class Connection extends ByteArrayInputStream {
    private boolean closed;

    Connection(String bytes) {
      super(bytes.getBytes());
    }

    @Override
    public void close() throws IOException {
      closed = true;
    }

    @Override
    public synchronized long skip(long n) {
      // As FileInputStream does: backwards, too.
      pos += (int) Math.min(n, count - pos);
      return n;
    }
  }

  private final Connection connection = new Connection("0123456789");

  private Environ environ(String length) {
    return Environ.builder(length == null ? Map.of() : Map.of("CONTENT_LENGTH", length))
        .input(connection)
        .build();
  }

  @Test
  void input_withLength_endsThere() throws IOException {
    InputStream input = environ("4").input();
    assertThat(input.available()).isEqualTo(4);
    assertThat(input.read()).isEqualTo('0');
    assertThat(input.read(new byte[10], 0, 10)).isEqualTo(3);
    assertThat(input.read()).isEqualTo(-1);
    assertThat(input.read(new byte[1])).isEqualTo(-1);
    assertThat(input.available()).isZero();
    assertThat(connection.available()).isEqualTo(6);
  }

  @Test
  void input_emptyRead_givesZero() throws IOException {
    assertThat(environ("0").input().read(new byte[0])).isZero();
    assertThat(environ("0").input().read()).isEqualTo(-1);
  }

  @Test
  void input_shorterThanLength_isAnEofException() throws IOException {
    InputStream input = environ("12").input();
    assertThat(input.readNBytes(10)).hasSize(10);
    assertThatThrownBy(input::read)
        .isInstanceOf(EOFException.class)
        .hasMessage("request body must have 12 bytes: 10 came");
    assertThatThrownBy(() -> input.read(new byte[4])).isInstanceOf(EOFException.class);
    assertThatThrownBy(() -> environ("99").input().readAllBytes()).isInstanceOf(EOFException.class);
  }

  @Test
  void input_skip_staysWithinBody() throws IOException {
    InputStream input = environ("4").input();
    assertThat(input.skip(3)).isEqualTo(3);
    assertThat(input.skip(-2)).isZero();
    assertThat(input.skip(9)).isEqualTo(1);
    assertThat(input.read()).isEqualTo(-1);
  }

  /** A FileInputStream on a pipe cannot seek, and one on a file seeks past its end. */
  @Test
  void input_skip_readsWhatItSkips() throws IOException {
    InputStream pipe =
        new ByteArrayInputStream("0123".getBytes()) {
          @Override
          public synchronized long skip(long n) {
            throw new AssertionError("Illegal seek");
          }
        };
    InputStream input = Environ.builder(Map.of("CONTENT_LENGTH", "6")).input(pipe).build().input();
    assertThat(input.skip(2)).isEqualTo(2);
    assertThat(input.read()).isEqualTo('2');
    assertThatThrownBy(() -> input.skip(9)).isInstanceOf(EOFException.class);
  }

  @Test
  void input_withoutLength_isReadToItsEnd() throws IOException {
    assertThat(environ(null).input().readAllBytes()).asString().isEqualTo("0123456789");
    assertThat(environ(null).input().read()).isEqualTo(-1);
  }

  @Test
  void input_closed_leavesTheConnectionOpen() throws IOException {
    environ("4").input().close();
    environ(null).input().close();
    environ("").input().close();
    assertThat(connection.closed).isFalse();
  }

  @Test
  void input_lengthChangedOnACopy_keepsTheRequestsLength() throws IOException {
    Environ copy = environ("4").copy();
    copy.put("CONTENT_LENGTH", "9");
    assertThat(copy.input().readAllBytes()).asString().isEqualTo("0123");
  }

  @Test
  void input_askedTwice_isTheSameStream() {
    Environ environ = environ("4");
    assertThat(environ.copy().input()).isSameAs(environ.input());
  }
}
