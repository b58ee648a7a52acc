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

  private static final String MANY_THREADS =
      """
      import threading, time
      for _ in range(300):
          threading.Thread(target=time.sleep, args=(60,)).start()
      print("x", flush=True)
      """;

  /** The kernel shows such a process as a zombie, but its files are open. */
  @Test
  void processWhoseFirstThreadHasEnded_runsUntilTheLastOneEnds() throws Exception {
    String python = Tools.require("python3");
    Process process = new ProcessBuilder(python, "-c", FIRST_THREAD_ENDS).start();
    try {
      ProcessFixture.await(() -> ProcessTable.of(process.pid()).state() == 'Z');

      assertThat(ProcessTable.isRunning(process.toHandle())).isTrue();
      ProcessTable.Entry entry = ProcessTable.of(process.pid());
      assertThat(entry.isEnding()).isFalse();
      assertThat(entry.isIdle()).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(ProcessTable.isRunning(process.toHandle())).isFalse();
  }

  /** Its first thread ends before the others, which take the signal in their own time. */
  @Test
  void killedProcessOfManyThreads_isEndingUntilTheLastOneEnds() throws Exception {
    Process process = new ProcessBuilder(Tools.require("python3"), "-c", MANY_THREADS).start();
    assertThat(process.getInputStream().read()).isEqualTo('x');

    process.destroyForcibly();

    ProcessTable.Entry entry = ProcessTable.of(process.pid());
    while (entry != null && !entry.isDead()) {
      // The kernel takes the signal from a thread a moment before it marks the thread.
      boolean ending = entry.isEnding();
      assertThat(ending || entry.isEnding()).as(entry.toString()).isTrue();
      entry = ProcessTable.of(process.pid());
    }
  }
}
