package dev.postern.cgi.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The JVM that an installed executable starts.
 *
 * @param java the absolute path of its {@code java}
 * @param feature its version: 17, 25
 */
record JavaRuntime(Path java, int feature) {
  /** Looks at a Java home, by asking its {@code java} unless it is this JVM's own. */
  static JavaRuntime of(Path home) throws IOException {
    Path java = home.toAbsolutePath().normalize().resolve("bin/java");
    if (!Files.isExecutable(java)) {
      throw new IOException("Java home must have bin/java: " + home);
    }
    if (java.equals(Path.of(System.getProperty("java.home", "")).resolve("bin/java"))) {
      return new JavaRuntime(java, Runtime.version().feature());
    }
    ProcessResult version =
        ProcessResult.of(
            List.of(java.toString(), "-XshowSettings:properties", "-version"), List.of());
    for (String line : version.errors().split("\n", -1)) {
      String[] words = line.trim().split(" = ", 2);
      if (words[0].equals("java.specification.version")) {
        int feature = words[1].startsWith("1.") ? 8 : Integer.parseInt(words[1].trim());
        if (feature < 17) {
          throw new IOException("Java must be 17 or newer: " + home + " has " + words[1]);
        }
        return new JavaRuntime(java, feature);
      }
    }
    throw new IOException("java must tell its version: " + java);
  }

  /**
   * The flags that start a short program soonest; benchmarks/executables.sh measures them. Flags
   * that another version does not know are ignored, so that an executable outlives an update of its
   * JDK.
   */
  List<String> coldFlags() {
    List<String> flags = new ArrayList<>(commonFlags());
    flags.add("-XX:TieredStopAtLevel=1");
    // Compiling at every 200th call makes a short run longer.
    flags.add("-XX:CompileThresholdScaling=3");
    return flags;
  }

  /**
   * The flags of the server behind a warm executable: it lives long enough for every compiler, and
   * the first requests gain from an early one.
   */
  List<String> warmFlags() {
    List<String> flags = new ArrayList<>(commonFlags());
    flags.add("-XX:CompileThresholdScaling=0.1");
    return flags;
  }

  private List<String> commonFlags() {
    return List.of(
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:+UnlockDiagnosticVMOptions",
        // The archive is mapped where it was made for; to move it means to touch all of it.
        "-XX:ArchiveRelocationMode=0",
        "-XX:-UsePerfData",
        // Before 22 or so only G1 can take objects from the archive.
        feature >= 25 ? "-XX:+UseSerialGC" : "-XX:+UseG1GC",
        // Standard output belongs to the response; the JVM writes warnings there by default.
        "-Xlog:disable",
        "-Xlog:all=error:stderr",
        // An archive that does not fit is left out, and nobody needs to hear of it at each request.
        "-Xlog:cds*=off:stderr",
        "-XX:+DisplayVMOutputToStderr",
        "-Xshare:auto");
  }

  /** A line of an argument file: quoted where a blank, a quote or a backslash asks for it. */
  static String quoted(String argument) {
    for (int i = 0; i < argument.length(); i++) {
      if (" \t\n\r\f\"'\\#".indexOf(argument.charAt(i)) >= 0) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
      }
    }
    return argument;
  }

  /** Writes arguments for {@code java @file}. */
  static void writeArguments(Path file, List<String> arguments) throws IOException {
    StringBuilder text = new StringBuilder();
    for (String argument : arguments) {
      if (argument.indexOf('\n') >= 0 || argument.indexOf('\r') >= 0) {
        throw new IOException("path must be of one line: " + argument);
      }
      text.append(quoted(argument)).append('\n');
    }
    Files.write(file, text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
