package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import org.junit.jupiter.api.Test;

class RequestBodyTest {
  /** A container's: whether there is more is known after a read alone. */
  private static final class Sent extends ServletInputStream {
    private int asked;

    @Override
    public int read() {
      asked++;
      return -1;
    }

    @Override
    public int available() {
      asked++;
      return 1;
    }

    @Override
    public boolean isFinished() {
      return false;
    }

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void setReadListener(ReadListener listener) {
      throw new UnsupportedOperationException();
    }
  }

  private final Sent sent = new Sent();

  private FakeRequest request() {
    return new FakeRequest("", "", "/", "/")
        .with("getContentLengthLong", -1L)
        .with("getInputStream", sent);
  }

  /** Most requests: nobody may wait for what is not there. */
  @Test
  void drain_ofARequestWithoutABody_asksForNothing() {
    new RequestBody(request().request(), -1).drain();
    assertThat(sent.asked).isZero();
  }

  @Test
  void drain_ofABody_readsTheRest() {
    new RequestBody(request().withHeader("Transfer-Encoding", "chunked").request(), -1).drain();
    assertThat(sent.asked).isPositive();
    int before = sent.asked;
    new RequestBody(request().with("getContentLengthLong", 7L).request(), -1).drain();
    assertThat(sent.asked).isGreaterThan(before);
  }
}
