package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The metrics that docs/operations.md shows: the same lines, against a registry of our own. */
class OperationsTest {
  private static final Path PAGE =
      Path.of("").toAbsolutePath().getParent().resolve("docs/operations.md");

  @TempDir Path directory;

  private static final class Registry {
    final Map<String, Double> meters = new TreeMap<>();

    Timer timer(String name, Tags tags) {
      return time -> meters.merge(name + tags.text(), (double) time.toNanos(), Double::sum);
    }

    Timer timer(String name, String... tags) {
      return timer(name, Tags.of(tags));
    }

    Counter counter(String name, String... tags) {
      return amount -> meters.merge(name + Tags.of(tags).text(), amount, Double::sum);
    }
  }

  private interface Timer {
    void record(Duration time);
  }

  private interface Counter {
    void increment(double amount);
  }

  private record Tags(String text) {
    static Tags of(String... tags) {
      return new Tags(Arrays.toString(tags));
    }
  }

  @Test
  void metrics_areWhatThePageShows() throws IOException {
    Registry registry = new Registry();
    // The page's lines from here,
    Consumer<CgiRun> metrics =
        run -> {
          String program = run.program().getFileName().toString();
          Tags tags = Tags.of("program", program, "status", "" + run.status(), "rule", run.rule());
          registry.timer("cgi.run", tags).record(run.totalTime());
          registry.timer("cgi.queue", "program", program).record(run.queueTime());
          if (run.firstByteTime() != null) {
            registry.timer("cgi.first.byte", "program", program).record(run.firstByteTime());
          }
          registry.counter("cgi.bytes.out", "program", program).increment(run.bytesOut());
        };
    // to here.
    Path program = Programs.raw(directory, "p", "Content-Type: text/plain\n\nok");
    Application app = CgiApplication.builder(program).onRun(metrics).build();
    Call.get("/").to(app);
    Call.get("/").to(app);

    assertThat(registry.meters.keySet())
        .containsExactly(
            "cgi.bytes.out[program, p]",
            "cgi.first.byte[program, p]",
            "cgi.queue[program, p]",
            "cgi.run[program, p, status, 200, rule, ]");
    assertThat(registry.meters).containsEntry("cgi.bytes.out[program, p]", 2 * 28.0);
    // Ten lines; the formatter breaks the first in two.
    List<String> shown = code(Files.readString(PAGE));
    String here = Files.readString(Path.of("src/test/java/dev/postern/cgi/OperationsTest.java"));
    assertThat(shown).hasSize(11).allMatch(line -> here.contains(line));
  }

  private static List<String> code(String page) {
    String after = page.substring(page.indexOf("<!-- checked by OperationsTest -->"));
    String block = after.substring(after.indexOf("```java\n") + 8);
    return block
        .substring(0, block.indexOf("```"))
        .lines()
        .map(String::trim)
        .flatMap(line -> Arrays.stream(line.split("(?<== )(?=run ->)")))
        .map(String::trim)
        .toList();
  }
}
