package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PortableProcessTest extends HostedProcessContract {
  private static final Path LAST_NUMBER = Path.of("/proc/sys/kernel/ns_last_pid");

  @Override
  HostedProcess start(
      List<String> command, Map<String, String> environment, Path directory, InputStream body)
      throws IOException {
    return PortableProcess.launch(command, environment, directory, body, false);
  }

  @Override
  int repeats() {
    return 1_000;
  }

  /**
   * The JDK reaps a program when it ends, whether or not its request has. The kernel counts start
   * times in ticks of 10 ms: two processes of one number and one tick are one for whoever looks.
   */
  @Test
  @Exclusive("process-numbers")
  void attackF15_strangerWithTheSameNumber_isNotSignalled() throws Exception {
    assumeTrue(Files.isWritable(LAST_NUMBER), "nobody may choose the next process's number");
    try (Running program = sh("exit 0")) {
      long number = program.process.session().leader();
      ProcessFixture.await(() -> ProcessTable.of(number) == null);
      String ended = uptime();
      ProcessFixture.await(() -> !uptime().equals(ended));
      Process stranger = startAs(number);
      try {
        ProcessFixture.await(() -> ProcessTable.of(number).session() == number);
        program.process.close();

        assertThat(program.process.wasTerminated()).isFalse();
        assertThat(stranger.isAlive()).isTrue();
      } finally {
        stranger.destroyForcibly().waitFor();
      }
    }
  }

  /** The program has filled all blocks when the system has no thread for its errors. */
  @Test
  @Timeout(120)
  void startThatFailsHalfway_leavesNoThreadBehind() throws Exception {
    Field field = Pumps.class.getDeclaredField("THREADS");
    field.setAccessible(true);
    ThreadPoolExecutor pumps = (ThreadPoolExecutor) field.get(null);
    ThreadFactory real = pumps.getThreadFactory();
    List<Thread> made = new ArrayList<>();
    Pumps.endIdle();
    pumps.setThreadFactory(
        pump -> {
          if (made.isEmpty()) {
            made.add(real.newThread(pump));
            return made.get(0);
          }
          ProcessFixture.await(() -> waitsForABlock(made.get(0)));
          throw new OutOfMemoryError("unable to create native thread");
        });
    try {
      assertThatThrownBy(() -> start(List.of("/bin/cat", "/dev/zero"), PLAIN, directory, null))
          .isInstanceOf(OutOfMemoryError.class);
    } finally {
      pumps.setThreadFactory(real);
    }
    ProcessFixture.await(() -> !waitsForABlock(made.get(0)));
  }

  private static boolean waitsForABlock(Thread thread) {
    return thread.getState() == Thread.State.WAITING
        && Arrays.stream(thread.getStackTrace())
            .anyMatch(frame -> frame.getClassName().equals(BlockExchange.class.getName()));
  }

  /** Seconds since the system's start, which change with each tick. */
  private static String uptime() {
    try {
      return Files.readString(Path.of("/proc/uptime")).split(" ", 2)[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The leader of a session of its own that has that number, for which others may be quicker. */
  private static Process startAs(long number) throws Exception {
    for (int tried = 0; tried < 1000; tried++) {
      Files.writeString(LAST_NUMBER, Long.toString(number - 1));
      Process process = new ProcessBuilder("/usr/bin/setsid", "/bin/sleep", "987").start();
      if (process.pid() == number) {
        return process;
      }
      process.destroyForcibly().waitFor();
    }
    throw new AssertionError("number must be free: " + number);
  }
}
