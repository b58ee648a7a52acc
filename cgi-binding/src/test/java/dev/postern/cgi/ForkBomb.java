package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Serves a program that forks as often as it can, up to a bound of its own, and another one beside
 * it, each with few processes to have: in a JVM of a user that the system counts. Makes the
 * directory of both, and writes what came of them to a file: {@code DIRECTORY FILE}.
 */
final class ForkBomb {
  static final int FORKS = 200;
  static final int PROCESSES = 40;

  private static final long NANOS = Duration.ofSeconds(60).toNanos();
  private static final long PAUSE = Duration.ofMillis(5).toNanos();

  private ForkBomb() {}

  public static void main(String[] args) throws IOException {
    Path directory = Files.createDirectory(Path.of(args[0]));
    Path made = directory.resolve("made");
    Path served = directory.resolve("served");
    Path bomb =
        Programs.write(
            directory.resolve("bomb"),
            String.join(
                "\n",
                "#!/usr/bin/perl",
                "my ($made, $refused) = (0, 0);",
                "for (1 .. " + FORKS + ") {",
                "  my $child = fork;",
                "  if (!defined $child) { $refused++ } elsif ($child) { $made++ }",
                "  else { sleep 300; exit }",
                "}",
                "print \"Content-Type: text/plain\\n\\n$made $refused\";",
                "open my $mark, '>', '" + made + "'; close $mark;",
                "for (1 .. 3000) { last if -e '" + served + "'; select undef, undef, undef, 0.02 }",
                ""));
    Path good = Programs.sh(directory, "good", "printf 'Content-Type: text/plain\\n\\ngood'");
    Isolation isolation = Isolation.builder().processes(PROCESSES).build();
    CgiApplication bombs = CgiApplication.builder(bomb).isolation(isolation).build();
    CgiApplication others = CgiApplication.builder(good).isolation(isolation).build();

    CompletableFuture<Call> bombed = CompletableFuture.supplyAsync(() -> Call.get("/").to(bombs));
    long end = System.nanoTime() + NANOS;
    while (!Files.exists(made) && !bombed.isDone() && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE);
    }
    long running = count(bomb);
    Call other = Call.get("/").to(others);
    Files.createFile(served);
    Call call = bombed.join();
    end = System.nanoTime() + NANOS;
    while (count(bomb) > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(PAUSE);
    }
    List<String> report =
        List.of(
            call.status + " " + call.body(),
            "beside " + running + ": " + other.status + " " + other.body() + other.log(),
            "left " + count(bomb));
    Files.write(Path.of(args[1]), report);
  }

  /** Processes that run the program, and are no zombies. */
  private static long count(Path program) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(process -> runs(process, program)).count();
    }
  }

  private static boolean runs(Path process, Path program) {
    try {
      return Character.isDigit(process.getFileName().toString().charAt(0))
          && Files.readString(process.resolve("cmdline")).endsWith("perl\0" + program + "\0");
    } catch (IOException e) {
      // It has ended meanwhile.
      return false;
    }
  }
}
