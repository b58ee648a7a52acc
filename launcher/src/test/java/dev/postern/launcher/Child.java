package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The command in a JVM of its own. */
final class Child implements AutoCloseable {
  private static final long SECONDS = 60;
  private static final String LISTENING = "postern: listening on ";

  private final Process process;
  private final Path errors;
  private final BufferedReader output;

  private Child(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    this.output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Starts {@code Main} with this JVM's class path, and nothing on its standard input. */
  static Child start(Path directory, Map<String, String> environment, String... args)
      throws IOException {
    List<String> words = new ArrayList<>(List.of("-Xmx64m", Main.class.getName()));
    words.addAll(Arrays.asList(args));
    return startJava(directory, environment, words.toArray(new String[0]));
  }

  /** Starts a JVM with this JVM's class path. */
  static Child startJava(Path directory, Map<String, String> environment, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    // A build under nohup ignores SIGHUP, and a JVM that is started so does, too.
    command.add("/usr/bin/env");
    command.add("--default-signal=HUP");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // It lives for seconds.
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.addAll(Arrays.asList(args));
    Path errors = Files.createTempFile(directory, "errors", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectError(errors.toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().putAll(environment);
    return new Child(builder.start(), errors);
  }

  /** Waits for a line on standard output; null when it ended without one. */
  String firstLine() throws IOException {
    return output.readLine();
  }

  /** Waits until the server is ready, and returns its address without the slash at its end. */
  String address() throws IOException {
    String line = firstLine();
    assertThat(line).as(errors()).startsWith(LISTENING).endsWith("/");
    return line.substring(LISTENING.length(), line.length() - 1);
  }

  /** Waits for its end, and returns the rest of what it wrote. */
  String rest() throws IOException, InterruptedException {
    StringBuilder rest = new StringBuilder();
    for (int c = output.read(); c >= 0; c = output.read()) {
      rest.append((char) c);
    }
    exit();
    return rest.toString();
  }

  /** Standard error, without the warning that a host of programs gives root, as tests may be. */
  String errors() throws IOException {
    return Files.readString(errors).replaceAll("(?m)^.*CGI programs run as root.*\n", "");
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  long pid() {
    return process.pid();
  }

  int exit() throws InterruptedException {
    assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).as("ended in time").isTrue();
    return process.exitValue();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
