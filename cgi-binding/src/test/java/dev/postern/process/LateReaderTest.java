package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A thread that gets no processor for long while it reads what an ended program has written. */
class LateReaderTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int BLOCKS = 4;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void blocksThatWereThere_areReadToTheEnd(boolean atOnce) throws IOException {
    Late process = new Late(BLOCKS, atOnce);
    int blocks = 0;
    while (process.read(LONG) == HostedProcess.Read.BLOCK) {
      blocks++;
    }

    assertThat(blocks).isEqualTo(BLOCKS);
    assertThat(process.wasStillWriting()).isFalse();
  }

  @Test
  void silence_endsAllTheSame() throws IOException {
    Late process = new Late(0, true);

    assertThat(process.read(LONG)).isEqualTo(HostedProcess.Read.END);
    assertThat(process.wasStillWriting()).isFalse();
  }

  /** Has ended; each wait for its output takes far longer than was asked. */
  private static final class Late extends HostedProcess {
    private static final long TOO_LONG = 700;

    private final boolean atOnce;
    private final boolean ends;
    private int left;

    /**
     * Some blocks of output, and its end after them.
     *
     * @param atOnce whether a block is there when it is not waited for
     */
    Late(int blocks, boolean atOnce) {
      this.left = blocks;
      this.atOnce = atOnce;
      this.ends = blocks > 0;
    }

    @Override
    boolean nextBlock(long nanos) throws InterruptedException {
      if (left > 0 && (nanos > 0 || atOnce)) {
        Thread.sleep(TOO_LONG);
      }
      if (left == 0 || nanos == 0 && !atOnce) {
        return false;
      }
      left--;
      return true;
    }

    @Override
    boolean isBodyAwaited() {
      return false;
    }

    @Override
    void stopInput() {}

    @Override
    boolean isOutputEnded() {
      return ends && left == 0;
    }

    @Override
    public byte[] bytes() {
      return new byte[1];
    }

    @Override
    public int length() {
      return 1;
    }

    @Override
    public boolean hasMore() {
      return left > 0;
    }

    @Override
    Session session() {
      return new Session(1) {
        @Override
        boolean isLeaderAlive() {
          return false;
        }

        @Override
        boolean isAlive() {
          return false;
        }

        @Override
        void terminate() {}

        @Override
        void kill() {}
      };
    }

    @Override
    void releaseBlock() {}

    @Override
    void wakeReader() {}

    @Override
    boolean awaitExit(long nanos) {
      return true;
    }

    @Override
    int exitCode() {
      return 0;
    }

    @Override
    void stopReading() {}

    @Override
    void awaitErrors() {}

    @Override
    void release() {}
  }
}
