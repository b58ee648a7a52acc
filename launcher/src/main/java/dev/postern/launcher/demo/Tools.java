package dev.postern.launcher.demo;

import com.google.common.base.Splitter;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Finds and runs programs of this machine. */
final class Tools {
  private static final long SECONDS = 20;

  private Tools() {}

  /** Returns the absolute path of a program on that PATH; null if there is none. */
  static @Nullable Path find(String name, @Nullable String searchPath) {
    for (String directory :
        Splitter.on(File.pathSeparatorChar).split(searchPath == null ? "" : searchPath)) {
      try {
        Path file = Path.of(directory, name).toAbsolutePath();
        if (!directory.isEmpty() && Files.isRegularFile(file) && Files.isExecutable(file)) {
          return file;
        }
      } catch (InvalidPathException e) {
        // This entry is no directory.
      }
    }
    return null;
  }

  /**
   * Runs a command to its end and returns what it wrote, without the last line end.
   *
   * @param input what the command reads
   * @param environment all variables that the command gets
   * @throws IOException when it fails or takes too long
   */
  static String run(
      List<String> command, Path directory, Map<String, String> environment, String input)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      // Input and output are far smaller than a pipe, so writing all before reading cannot block.
      try (var in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      }
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("command must succeed: " + command + ": " + output);
      }
      return output.stripTrailing();
    } finally {
      process.destroyForcibly();
    }
  }
}
