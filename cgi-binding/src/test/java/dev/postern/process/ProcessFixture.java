package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** What /proc tells a test about processes. */
final class ProcessFixture {
  private static final Path PROC = Path.of("/proc");

  private static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(60);

  private ProcessFixture() {}

  /** Whether there is such a process, and it is not only waiting for its parent to hear of it. */
  static boolean isRunning(long pid) {
    ProcessTable.Entry entry = ProcessTable.of(pid);
    return entry != null && !entry.isDead();
  }

  static boolean holdsLine(Path file) {
    try {
      return Files.exists(file) && Files.readString(file).endsWith("\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Looks until it is so. */
  static void await(BooleanSupplier condition) {
    long start = System.nanoTime();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).as("waited").isLessThan(MAX_WAIT_NANOS);
      LockSupport.parkNanos(1_000_000);
    }
  }

  /**
   * What must be the same after as before: open pipes and processes, and children, dead ones
   * counted. Class loading opens files whenever it likes; the descriptors to wake by are kept.
   */
  record Counts(int descriptors, int children) {
    static Counts now() throws IOException {
      return new Counts(descriptorCount(), childCount());
    }

    /** Pumps may be a moment behind the end of their program. */
    void awaitSame() throws IOException {
      long start = System.nanoTime();
      Counts now = now();
      while ((now.descriptors > descriptors || now.children > children)
          && System.nanoTime() - start < MAX_WAIT_NANOS) {
        LockSupport.parkNanos(1_000_000);
        now = now();
      }
      assertThat(now.descriptors).as("open descriptors").isLessThanOrEqualTo(descriptors);
      assertThat(now.children).as("children").isLessThanOrEqualTo(children);
    }

    private static int descriptorCount() throws IOException {
      int count = 0;
      try (DirectoryStream<Path> open = Files.newDirectoryStream(PROC.resolve("self/fd"))) {
        for (Path descriptor : open) {
          if (isOfAProgram(descriptor)) {
            count++;
          }
        }
      }
      return count;
    }

    private static boolean isOfAProgram(Path descriptor) {
      try {
        String target = Files.readSymbolicLink(descriptor).toString();
        return target.startsWith("pipe:") || target.equals("anon_inode:[pidfd]");
      } catch (IOException e) {
        // Closed meanwhile.
        return false;
      }
    }

    private static int childCount() throws IOException {
      long self = ProcessHandle.current().pid();
      try (Stream<Path> processes = Files.list(PROC)) {
        List<Path> children =
            processes
                .filter(path -> Character.isDigit(path.getFileName().toString().charAt(0)))
                .filter(path -> parent(path) == self)
                .toList();
        return children.size();
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }

    private static long parent(Path process) {
      try {
        String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 3)[1]);
      } catch (IOException e) {
        return -1;
      }
    }
  }
}
