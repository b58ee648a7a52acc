package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A server that hosts CGI programs: ours, or another. */
interface Peer {
  /** As on the command line. */
  String name();

  /** As in the report. */
  String title();

  /** The programs that must be installed. */
  List<String> needs();

  /** Whether it can do it at all. */
  default boolean can(Case asked) {
    return true;
  }

  /** The home of the JDK that it runs on, or null for a server that is no JVM. */
  default @Nullable Path jdk(Setting setting) {
    return null;
  }

  /** Whether it is compiled as it runs. */
  default boolean isJvm() {
    return false;
  }

  /**
   * The commands that start it, one for each of its processes, which stay in the foreground.
   *
   * @param directory for its own files
   */
  List<Command> commands(Setting setting, Path directory, int port)
      throws IOException, InterruptedException;

  /** A command and what it gets in addition to our environment. */
  record Command(List<String> words, Map<String, String> environment) {}

  /**
   * Where everything is.
   *
   * @param launcher the jar of the postern command
   * @param benchmarks our own jar
   * @param jdk17 the home of a JDK 17, and of a JDK 25; null where there is none
   */
  record Setting(
      Tools tools,
      Fixtures fixtures,
      Path launcher,
      Path benchmarks,
      @Nullable Path jdk17,
      @Nullable Path jdk25) {
    /** As the scripts give it. */
    static Setting ofProperties(Tools tools, Fixtures fixtures) {
      return new Setting(
          tools,
          fixtures,
          Path.of(System.getProperty("postern.launcher")),
          Path.of(System.getProperty("postern.benchmarks")),
          home("postern.jdk17"),
          home("postern.jdk25"));
    }

    private static @Nullable Path home(String property) {
      String home = System.getProperty(property, "");
      return home.isEmpty() ? null : Path.of(home);
    }
  }
}
