package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisabledOnOs(OS.WINDOWS)
class PortableSessionTest {
  /** A process that must not be destroyed by itself, as that closes its streams. */
  private static final class Watched extends Process {
    private final Process real;

    Watched(Process real) {
      this.real = real;
    }

    @Override
    public OutputStream getOutputStream() {
      return real.getOutputStream();
    }

    @Override
    public InputStream getInputStream() {
      return real.getInputStream();
    }

    @Override
    public InputStream getErrorStream() {
      return real.getErrorStream();
    }

    @Override
    public int waitFor() throws InterruptedException {
      return real.waitFor();
    }

    @Override
    public int exitValue() {
      return real.exitValue();
    }

    @Override
    public void destroy() {
      throw new AssertionError("streams must be left to those who read and write them");
    }

    @Override
    public ProcessHandle toHandle() {
      return real.toHandle();
    }

    @Override
    public long pid() {
      return real.pid();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "KILL"})
  void signal_toALeaderWithoutItsOwnSession_leavesItsStreamsAlone(String signal) throws Exception {
    Process real = new ProcessBuilder("/bin/sleep", "300").start();
    try {
      PortableSession session = new PortableSession(new Watched(real));
      if (signal.equals("TERM")) {
        session.terminate();
      } else {
        session.kill();
      }
      assertThat(real.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(real.exitValue()).isEqualTo(signal.equals("TERM") ? 143 : 137);
    } finally {
      real.destroyForcibly();
    }
  }

  @Test
  void signal_afterTheEnd_isHarmless() throws Exception {
    Process real = new ProcessBuilder("/bin/true").start();
    real.waitFor();
    PortableSession session = new PortableSession(new Watched(real));
    session.terminate();
    session.kill();
    assertThat(session.isAlive()).isFalse();
  }

  /** A worker that has ended its request may serve another one when its kill comes. */
  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void kill_ofAWorkerWhoseTurnIsOver_leavesItAlive(boolean over, boolean discard) throws Exception {
    Process worker = new ProcessBuilder("/bin/sleep", "300").start();
    try {
      CompletableFuture<TurnEnd> turn = new CompletableFuture<>();
      long self = ProcessHandle.current().pid();
      ForkedChild child = new ForkedChild(worker.pid(), self, 0, 0, 0, 0, turn, pid -> {});
      PortableSession session = new PortableSession(new WorkerTurn(child));
      if (over) {
        turn.complete(new TurnEnd(0));
      }
      if (discard) {
        child.discard();
      } else {
        session.kill();
      }
      assertThat(turn.join().code()).isEqualTo(over ? 0 : 137);
      assertThat(session.isAlive()).isFalse();
      // A signal of before would be seen first.
      worker.destroy();
      assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(worker.exitValue()).isEqualTo(over ? 143 : 137);
    } finally {
      worker.destroyForcibly();
    }
  }
}
