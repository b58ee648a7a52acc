package dev.postern.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The programs of this machine that the comparison needs. */
final class Tools {
  private static final List<String> SYSTEM = List.of("/usr/sbin", "/sbin", "/usr/local/sbin");

  boolean has(String name) {
    return name.isEmpty() || find(name) != null;
  }

  /** Returns the path of an installed program, or null. */
  @Nullable Path find(String name) {
    String path =
        String.valueOf(System.getenv("PATH")) + File.pathSeparator + String.join(":", SYSTEM);
    for (String directory : path.split(File.pathSeparator, -1)) {
      Path file = Path.of(directory, name);
      if (Files.isExecutable(file)) {
        return file;
      }
    }
    return null;
  }

  /** Runs a program to its end, and returns what it wrote on standard output. */
  String run(Path directory, List<String> command) throws IOException, InterruptedException {
    Path errors = directory.resolve("errors");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(errors.toFile())
            .start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(
          "%s ended with %d: %s"
              .formatted(command.get(0), process.exitValue(), Files.readString(errors).trim()));
    }
    return output;
  }
}
