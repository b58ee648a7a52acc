package dev.postern.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Counts what RLIMIT_NPROC counts: the processes and threads of a user. */
public final class UserTasks {
  /** {@code num_threads} of proc(5), counted from the state. */
  private static final int THREADS = 17;

  private UserTasks() {}

  /** Reads all of /proc, which takes milliseconds. */
  public static long count(int user) throws IOException {
    long count = 0;
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        if (Owners.owner(process) == user) {
          count += threads(process);
        }
      }
    }
    return count;
  }

  private static long threads(Path process) {
    try {
      String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
      return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 20)[THREADS]);
    } catch (IOException | RuntimeException e) {
      // It has ended meanwhile.
      return 0;
    }
  }
}
