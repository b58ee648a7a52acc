package dev.postern.cgi.server;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;

/** A JDK of another version than the one of the tests. */
public final class OtherJava {
  private static final Path PLACE = Path.of("/usr/lib/jvm");

  private OtherJava() {}

  /** Its home, or a named skip: no test needs it, so that this is never a failure. */
  public static Path require() throws IOException {
    if (Files.isDirectory(PLACE)) {
      try (Stream<Path> homes = Files.list(PLACE)) {
        List<Path> sorted = homes.sorted().toList();
        for (Path home : sorted) {
          if (feature(home) >= 17 && feature(home) != Runtime.version().feature()) {
            return home;
          }
        }
      }
    }
    return abort("no JDK of another version is installed");
  }

  private static int feature(Path home) throws IOException {
    Path release = home.resolve("release");
    if (!Files.isExecutable(home.resolve("bin/java")) || !Files.isRegularFile(release)) {
      return 0;
    }
    Properties properties = new Properties();
    try (var reader = Files.newBufferedReader(release)) {
      properties.load(reader);
    }
    String version = properties.getProperty("JAVA_VERSION", "0").replace("\"", "");
    return Integer.parseInt(version.split("\\.", 2)[0]);
  }
}
