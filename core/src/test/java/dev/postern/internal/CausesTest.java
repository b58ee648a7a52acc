package dev.postern.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CausesTest {
  @Test
  void first_isTheOutermost() {
    IOException inner = new IOException("inner");
    IOException outer = new IOException("outer", new IllegalStateException(inner));
    assertThat(Causes.first(outer, IOException.class::isInstance)).isSameAs(outer);
    assertThat(Causes.first(outer, cause -> inner.equals(cause))).isSameAs(inner);
    assertThat(Causes.first(outer, EOFException.class::isInstance)).isNull();
  }

  @Test
  @Timeout(60)
  void circleOfCauses_ends() {
    IOException one = new IOException("one");
    one.initCause(new IOException("two", one));
    assertThat(Causes.first(one, EOFException.class::isInstance)).isNull();
    assertThat(TimeOuts.isTimeOut(one)).isFalse();
    assertThat(TimeOuts.isTimeOut(new IOException(new SocketTimeoutException()))).isTrue();
  }
}
