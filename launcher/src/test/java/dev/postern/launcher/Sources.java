package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private Sources() {}

  /** Compiles one public class of the unnamed package into the directory. */
  static Path compile(Path directory, String name, String source) throws IOException {
    Path file =
        Files.writeString(Files.createDirectories(directory).resolve(name + ".java"), source);
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
    return directory;
  }

  /** Writes an executable script. */
  static Path script(Path file, String text) throws IOException {
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true, true)).isTrue();
    return file;
  }
}
