package dev.postern.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A server that hosts CGI programs: ours, or another. */
interface Peer {
  /** Returns the name on the command line. */
  String name();

  /** Returns the name in the report. */
  String title();

  /** Returns the programs that must be installed. */
  List<String> needs();

  /** Returns whether this server can serve the case. */
  default boolean can(Case asked) {
    return true;
  }

  /**
   * Returns the home of the JDK that the server runs on. Null means that the server is no JVM, or
   * that this JDK is not installed.
   */
  default @Nullable Path jdk(Setting setting) {
    return null;
  }

  /** Returns whether the server runs on a JVM, which compiles code while it runs. */
  default boolean isJvm() {
    return false;
  }

  /**
   * Returns the commands that start the server, one for each of its processes. The processes stay
   * in the foreground.
   *
   * @param directory for the server's own files
   */
  List<Command> commands(Setting setting, Path directory, int port)
      throws IOException, InterruptedException;

  /** A command, and the variables that it gets in addition to our environment. */
  record Command(List<String> words, Map<String, String> environment) {}

  /**
   * Where the programs, the jars and the JDKs are.
   *
   * @param launcher the jar of the postern command
   * @param benchmarks the jar of the benchmarks
   * @param jdk17 the home of a JDK 17, or null if there is none; {@code jdk25} likewise
   */
  record Setting(
      Tools tools,
      Fixtures fixtures,
      Path launcher,
      Path benchmarks,
      @Nullable Path jdk17,
      @Nullable Path jdk25) {
    /** Reads the system properties that the scripts set. */
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
