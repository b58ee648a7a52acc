package dev.postern.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A small JVM of another user, which finds all that it needs in a directory of the test. */
public final class OtherUser {
  private final int user;
  private final Path directory;

  /**
   * A user that nobody is, so that no other process counts.
   *
   * @param directory which it may read and write afterwards
   */
  public OtherUser(int user, Path directory) throws IOException {
    this.user = user;
    this.directory = directory;
    // The sticky bit, as /tmp has it: without it no program below the directory may run.
    Files.setAttribute(directory, "unix:mode", 01777);
  }

  /** What a command begins with to run as that user; only root can do it. */
  public List<String> become() {
    return List.of(
        Tools.require("setpriv"), "--reuid=" + user, "--regid=" + user, "--clear-groups", "--");
  }

  /**
   * Runs a main class to its end.
   *
   * @param prefix what its command begins with
   * @param needed one class of each place that it needs
   */
  public void run(List<String> prefix, List<Class<?>> needed, Class<?> main, Object... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (StartPath.inForce() == StartPath.NATIVE) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    List<String> places = new ArrayList<>();
    for (Class<?> type : needed) {
      places.add(copy(type));
    }
    places.add(copy(main));
    command.addAll(List.of(String.join(":", places), main.getName()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Path errors = directory.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors.toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    int exit = builder.start().waitFor();
    assertThat(exit).as(Files.readString(errors, StandardCharsets.ISO_8859_1)).isZero();
  }

  /** Where another user can read it: a build may be in somebody's home. */
  private String copy(Class<?> type) throws Exception {
    Path from = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path to = directory.resolve(type.getSimpleName() + "-" + from.getFileName());
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, file.equals(from) ? to : to.resolve(from.relativize(file).toString()));
      }
    }
    return to.toString();
  }
}
