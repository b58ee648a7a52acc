package dev.postern.hosting;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Environ;
import dev.postern.process.ErrorTail;
import dev.postern.process.HostedProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a program has written, as the log shows it. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class ProgramOutputTest {
  private static final List<String> COMMAND = List.of("/bin/true");
  private static final int LOOKS = 2_000;

  @TempDir Path directory;

  @Test
  void errorsThatComeWhileTheyAreLogged_areNeitherLostNorDoubled() throws Exception {
    Environ environ =
        Environ.builder(Map.of("REQUEST_METHOD", "GET", "SERVER_NAME", "a", "SERVER_PORT", "80"))
            .build();
    RunWatch watch = new RunWatch(Path.of("/bin/true"), environ, List.of(), 0, System::nanoTime);
    HostedProcess process = HostedProcess.start(COMMAND, Map.of(), directory, null);
    Follower log = new Follower();
    try {
      ProgramOutput output = new ProgramOutput(process, COMMAND, watch);
      AtomicBoolean done = new AtomicBoolean();
      Thread writer = new Thread(() -> write(process.errors(), done));
      writer.start();
      try {
        while (log.looks < LOOKS) {
          log.take(output);
        }
      } finally {
        done.set(true);
        writer.join();
      }
      log.take(output);
      assertThat(log.position).isEqualTo(process.errors().total());
    } finally {
      process.close();
    }
  }

  /** In one line without an end, so that each byte is in the log. */
  private static void write(ErrorTail errors, AtomicBoolean done) {
    byte[] one = new byte[1];
    for (int i = 0; !done.get(); i++) {
      one[0] = (byte) letter(i);
      errors.add(one, 1);
      // Lets the other thread have the lock.
      Thread.yield();
    }
  }

  private static char letter(int position) {
    return (char) ('a' + position % 26);
  }

  /**
   * Checks that each letter of the log is the next one, but for those that it says were dropped.
   */
  private static final class Follower {
    private int position;

    /** How often there was something new. */
    private int looks;

    void take(ProgramOutput output) {
      List<String> lines = new ArrayList<>();
      output.logErrors("p", line -> lines.add(line.substring("p: ".length())));
      looks += lines.isEmpty() ? 0 : 1;
      for (String line : lines) {
        if (line.endsWith(" were dropped")) {
          position += Integer.parseInt(line.split(" ", 2)[0]);
        }
      }
      for (String line : lines) {
        if (!line.endsWith(" were dropped")) {
          for (char letter : line.toCharArray()) {
            assertThat(letter).isEqualTo(letter(position++));
          }
        }
      }
    }
  }
}
