package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** Classes of users, which the tests' own class path does not have. */
final class Sources {
  static final String HELLO =
      """
      import dev.postern.*;
      public final class Hello implements Application {
        public Body call(Environ environ, StartResponse startResponse) {
          startResponse.start(200, Headers.of("Content-Type", "text/plain; charset=utf-8"));
          return Body.of("Hello from " + environ.scriptName() + "\\n");
        }
      }
      """;

  /**
   * Class files by their path, of each source that was compiled: the compiler takes half a second.
   */
  private static final Map<String, Map<String, byte[]>> COMPILED = new ConcurrentHashMap<>();

  private Sources() {}

  /** Compiles one public class into the directory. */
  static Path compile(Path directory, String name, String source) throws IOException {
    Files.createDirectories(directory);
    Map<String, byte[]> classes = COMPILED.get(source);
    if (classes == null) {
      Path own = Files.createTempDirectory(directory, "sources");
      classes = compiled(own, Files.writeString(own.resolve(name + ".java"), source));
      COMPILED.put(source, classes);
    }
    for (Map.Entry<String, byte[]> file : classes.entrySet()) {
      Path path = directory.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.write(path, file.getValue());
    }
    return directory;
  }

  private static Map<String, byte[]> compiled(Path directory, Path file) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    int status =
        compiler.run(
            null,
            null,
            null,
            "-proc:none",
            "-cp",
            System.getProperty("java.class.path"),
            "-d",
            directory.toString(),
            file.toString());
    assertThat(status).isZero();
    Map<String, byte[]> classes = new HashMap<>();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path one : files.sorted(Comparator.reverseOrder()).toList()) {
        if (one.toString().endsWith(".class")) {
          classes.put(directory.relativize(one).toString(), Files.readAllBytes(one));
        }
        Files.delete(one);
      }
    }
    return classes;
  }

  /** Writes an executable script. */
  static Path script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true, true)).isTrue();
    return file;
  }
}
