package dev.postern.testing;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Small CGI programs in sh, Perl, Python and Java, for tests of whatever hosts them. A program's
 * name says how it behaves: {@code floods-stderr-before-reading.sh}. This class writes programs to
 * a directory of the test, executable for everybody.
 */
public final class FixturePrograms {
  private FixturePrograms() {}

  /**
   * Writes one of this kit's programs. A program in Java gets a script that runs its source by the
   * JVM of the tests.
   *
   * @param name of a file in this package's {@code programs}
   * @throws FileNotFoundException when there is none of that name
   * @throws org.opentest4j.TestAbortedException when this machine lacks what runs the program; an
   *     AssertionError instead if the environment has {@code POSTERN_REQUIRE_ALL=1}
   */
  public static Path install(Path directory, String name) throws IOException {
    byte[] content = content(name);
    Path file = directory.resolve(name);
    if (name.endsWith(".java")) {
      Files.write(file, content);
      Witness.setMode(file, "rw-r--r--");
      String java = System.getProperty("java.home") + "/bin/java";
      String stem = name.substring(0, name.length() - ".java".length());
      return write(
          directory.resolve(stem + ".sh"),
          "#!/bin/sh\nexec '" + java + "' --source 17 '" + file + "'\n");
    }
    String text = new String(content, StandardCharsets.UTF_8);
    require(Path.of(text.substring(2, text.indexOf('\n'))));
    return write(file, text);
  }

  /** Writes a program that prints exactly these bytes, one for each char, and ends with 0. */
  public static Path printing(Path directory, String name, String bytes) throws IOException {
    Path data = directory.resolve(name + ".out");
    Files.write(data, bytes.getBytes(StandardCharsets.ISO_8859_1));
    Witness.setMode(data, "rw-r--r--");
    return write(directory.resolve(name + ".sh"), "#!/bin/sh\nexec cat '" + data + "'\n");
  }

  private static byte[] content(String name) throws IOException {
    try (InputStream in = FixturePrograms.class.getResourceAsStream("programs/" + name)) {
      if (in == null) {
        throw new FileNotFoundException("there is no program " + name);
      }
      return in.readAllBytes();
    }
  }

  private static Path write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardCharsets.UTF_8);
    Witness.setMode(file, "rwxr-xr-x");
    return file;
  }

  private static void require(Path interpreter) {
    if (Files.isExecutable(interpreter)) {
      return;
    }
    String missing = interpreter + " is not installed";
    if ("1".equals(System.getenv("POSTERN_REQUIRE_ALL"))) {
      throw new AssertionError(missing);
    }
    Assumptions.abort(missing);
  }
}
