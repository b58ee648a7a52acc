package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessTableTest {
  private static final String FIRST_THREAD_ENDS =
      """
      import ctypes, threading, time
      threading.Thread(target=time.sleep, args=(60,)).start()
      ctypes.CDLL(None).pthread_exit(None)
      """;

  /** The kernel shows such a process as a zombie, but its files are open. */
  @Test
  void processWhoseFirstThreadHasEnded_runsUntilTheLastOneEnds() throws Exception {
    String python = Tools.require("python3");
    Process process = new ProcessBuilder(python, "-c", FIRST_THREAD_ENDS).start();
    try {
      ProcessFixture.await(() -> ProcessTable.of(process.pid()).state() == 'Z');

      assertThat(ProcessTable.isRunning(process.toHandle())).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(ProcessTable.isRunning(process.toHandle())).isFalse();
  }
}
