package dev.postern.cgi.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The JVM that an installed executable starts.
 *
 * @param java the absolute path of its {@code java}
 * @param feature its feature version, such as 17 or 25
 */
record JavaRuntime(Path java, int feature) {
  /** An option that selects a garbage collector. */
  private static final Predicate<String> COLLECTOR =
      Pattern.compile("-XX:\\+Use(Serial|Parallel|G1|Z|Shenandoah|Epsilon)GC").asMatchPredicate();

  /**
   * The runtime of a Java home. Runs its {@code java} to ask for the version, unless the home is
   * this JVM's own.
   */
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
   * The flags with which a short program starts soonest; benchmarks/executables.sh measures them. A
   * JDK ignores flags that it does not know, so that an executable outlives an update of its JDK.
   *
   * @param options those of the user, which come last
   * @param classPath may have classes that the options name
   * @throws IOException when the JVM does not start with them
   */
  List<String> coldFlags(List<String> options, String classPath) throws IOException {
    // By default the JVM compiles a method after 200 calls, which makes a short run longer.
    return flags(
        List.of("-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=3"), options, classPath);
  }

  /**
   * The flags of the server behind a warm executable. The server lives long enough for every
   * compiler, and its first requests gain from an early compilation.
   *
   * @param options those of the user, which come last
   * @param classPath may have classes that the options name
   * @throws IOException when the JVM does not start with them
   */
  List<String> warmFlags(List<String> options, String classPath) throws IOException {
    return flags(List.of("-XX:CompileThresholdScaling=0.1"), options, classPath);
  }

  private List<String> flags(List<String> own, List<String> options, String classPath)
      throws IOException {
    List<String> flags = new ArrayList<>(commonFlags());
    // In older JDKs, before 22 or so, only G1 can take objects from the archive. A JVM with two
    // collectors does not start.
    if (options.stream().noneMatch(COLLECTOR)) {
      flags.add(feature >= 25 ? "-XX:+UseSerialGC" : "-XX:+UseG1GC");
    }
    flags.addAll(own);
    if (!options.isEmpty()) {
      flags.addAll(options);
      tryOut(flags, options, classPath);
    }
    return flags;
  }

  private void tryOut(List<String> flags, List<String> options, String classPath)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(java.toString()));
    command.addAll(flags);
    command.addAll(List.of("-cp", classPath, "-version"));
    ProcessResult started = ProcessResult.of(command, List.of());
    if (started.exit() != 0) {
      String[] said = (started.errors() + started.output()).strip().split("\\R", -1);
      throw new IOException(
          "java must start with its options: "
              + String.join(" ", options)
              + ": "
              + String.join("; ", said));
    }
  }

  private static List<String> commonFlags() {
    return List.of(
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:+UnlockDiagnosticVMOptions",
        // The JVM maps the archive at the address for which it was made. Moving it would touch all
        // of its pages.
        "-XX:ArchiveRelocationMode=0",
        "-XX:-UsePerfData",
        // Standard output belongs to the response; the JVM writes warnings there by default.
        "-Xlog:disable",
        "-Xlog:all=error:stderr",
        // The JVM goes on without an archive that does not fit. It must not warn about that at each
        // request.
        "-Xlog:cds*=off:stderr",
        "-XX:+DisplayVMOutputToStderr",
        "-Xshare:auto");
  }

  /**
   * A line of an argument file, in quotes if it has a blank, a quote, a backslash or a {@code #}.
   */
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
