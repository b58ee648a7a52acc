package dev.postern.cgi.server;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Java classes of this build as programs: with the JVM of the tests, and the classes they need. */
public final class JavaProgram {
  /** Before JDK 22 or so only G1 can take objects from an archive, also from the JDK's own. */
  static final List<String> FLAGS =
      List.of(
          "-XX:TieredStopAtLevel=1",
          "-XX:CompileThresholdScaling=3",
          Runtime.version().feature() >= 25 ? "-XX:+UseSerialGC" : "-XX:+UseG1GC",
          "-XX:-UsePerfData",
          "-Xmx128m");

  private JavaProgram() {}

  /**
   * A command that runs {@code main} from jars with a class-data archive, as an installed
   * executable does. It takes half the processor time of {@link #inPlace}, and tests start
   * hundreds.
   *
   * @param classes one of each jar or directory that is needed
   */
  public static List<String> command(Class<?> main, Class<?>... classes) {
    return ClassData.of(main.getName(), List.copyOf(sources(main, classes))).command();
  }

  /** A command that runs {@code main} from where its classes are, without an archive. */
  public static List<String> inPlace(Class<?> main, Class<?>... classes) {
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(FLAGS);
    command.addAll(List.of("-cp", joined(sources(main, classes)), main.getName()));
    return command;
  }

  /** Writes an executable into the site that runs {@code main} from jars with an archive. */
  public static Path install(Site site, String name, Class<?> main, Class<?>... classes)
      throws IOException {
    StringBuilder line = new StringBuilder("exec");
    for (String word : command(main, classes)) {
      line.append(" '").append(word).append('\'');
    }
    return site.program(name, "#!/bin/sh", line.toString());
  }

  /** The jar or directory that a class was loaded from. */
  public static Path source(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(type.getName(), e);
    }
  }

  static String java() {
    return System.getProperty("java.home") + "/bin/java";
  }

  static String joined(Collection<Path> path) {
    List<String> entries = new ArrayList<>();
    for (Path entry : path) {
      entries.add(entry.toString());
    }
    return String.join(File.pathSeparator, entries);
  }

  /** The main class's last: by the time that it is found, the JDK has opened all the others. */
  private static Set<Path> sources(Class<?> main, Class<?>... classes) {
    Set<Path> sources = new LinkedHashSet<>();
    for (Class<?> type : classes) {
      sources.add(source(type));
    }
    sources.add(source(main));
    return sources;
  }
}
