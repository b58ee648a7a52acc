package dev.postern.cgi.server;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Java classes of this build as programs: with the JVM of the tests, and the classes they need. */
public final class JavaProgram {
  private JavaProgram() {}

  /**
   * A command that runs {@code main} with what {@code classes} were loaded from, in place.
   *
   * @param classes one of each jar or directory that is needed
   */
  public static List<String> command(Class<?> main, Class<?>... classes) {
    List<Path> path = new ArrayList<>();
    for (Path source : sources(main, classes)) {
      path.add(source);
    }
    return command(main, path);
  }

  /** Writes an executable into the site that runs {@code main}; what it needs is copied there. */
  public static Path install(Site site, String name, Class<?> main, Class<?>... classes)
      throws IOException {
    List<Path> path = new ArrayList<>();
    for (Path source : sources(main, classes)) {
      path.add(site.copy(source, site.lib().resolve(name + "-" + path.size() + suffix(source))));
    }
    StringBuilder line = new StringBuilder("exec");
    for (String word : command(main, path)) {
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

  private static List<String> command(Class<?> main, List<Path> path) {
    List<String> entries = new ArrayList<>();
    for (Path entry : path) {
      entries.add(entry.toString());
    }
    return List.of(
        System.getProperty("java.home") + "/bin/java",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-Xmx128m",
        "-cp",
        String.join(File.pathSeparator, entries),
        main.getName());
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

  private static String suffix(Path source) {
    return source.toString().endsWith(".jar") ? ".jar" : "";
  }
}
