package dev.postern.cgi.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How a program that the installation ran has ended. The program had no input, and an environment
 * of its own.
 *
 * @param exit its exit status
 * @param output its standard output, bytes as chars
 * @param errors its standard error, bytes as chars
 * @param time from its start to its end
 */
record ProcessResult(int exit, String output, String errors, Duration time) {
  private static final long SECONDS = 120;

  /**
   * Runs a command to its end.
   *
   * @param environment {@code NAME=value}, besides PATH
   * @throws IOException when it cannot be started or does not end in time
   */
  static ProcessResult of(List<String> command, List<String> environment) throws IOException {
    Path output = Files.createTempFile("postern", ".out");
    Path errors = Files.createTempFile("postern", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().clear();
      builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
      builder.environment().put("LC_ALL", "C");
      for (String variable : environment) {
        int equals = variable.indexOf('=');
        builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
      }
      builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
      builder.redirectOutput(output.toFile());
      builder.redirectError(errors.toFile());
      long began = System.nanoTime();
      Process process = builder.start();
      try {
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
          throw new IOException(command.get(0) + " did not end within " + SECONDS + " seconds");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while " + command.get(0) + " was running", e);
      } finally {
        process.destroyForcibly();
      }
      Duration time = Duration.ofNanos(System.nanoTime() - began);
      return new ProcessResult(process.exitValue(), text(output), text(errors), time);
    } finally {
      Files.deleteIfExists(output);
      Files.deleteIfExists(errors);
    }
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }
}
