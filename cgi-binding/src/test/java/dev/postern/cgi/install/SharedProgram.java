package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * An installed executable that the tests of a class share: what is installed stays, what warm
 * servers leave in its library is removed before each test. Not thread-safe.
 */
final class SharedProgram implements AutoCloseable {
  private final InstalledProgram program;
  private final Map<String, String> installed;

  private SharedProgram(InstalledProgram program) throws IOException {
    this.program = program;
    this.installed = files();
  }

  /** Installs an executable with these options in a directory of its own. */
  static SharedProgram of(Function<InstalledProgram, CgiExecutable.Builder> options)
      throws IOException {
    Path directory = Files.createTempDirectory("postern-shared");
    try {
      InstalledProgram program = new InstalledProgram(directory);
      assertThat(program.install(options.apply(program))).isEmpty();
      return new SharedProgram(program);
    } catch (Throwable e) {
      delete(directory);
      throw e;
    }
  }

  /** The executable as it was when it had just been installed, without a server. */
  InstalledProgram fresh() throws IOException {
    program.endServers();
    try (Stream<Path> users = Files.list(program.library.resolve("run"))) {
      for (Path user : users.toList()) {
        Files.setPosixFilePermissions(user, PosixFilePermissions.fromString("rwx------"));
        delete(user);
      }
    }
    return program;
  }

  /** A test that changes what is installed would be a trap for those after it. */
  void assertUnchanged() throws IOException {
    assertThat(files()).as("installation, which tests share").isEqualTo(installed);
  }

  /** Ends its servers, and removes it. */
  @Override
  public void close() throws IOException {
    program.endServers();
    delete(program.directory);
  }

  /** The size, time and mode of each file that is installed. */
  private Map<String, String> files() throws IOException {
    Path run = program.library.resolve("run");
    Map<String, String> found = new TreeMap<>();
    for (Path root : List.of(program.library, program.file.getParent())) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(path -> !path.startsWith(run)).toList()) {
          if (Files.isRegularFile(file)) {
            String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
            found.put(
                file.toString(),
                Files.size(file) + " " + Files.getLastModifiedTime(file) + " " + mode);
          }
        }
      }
    }
    return found;
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(SharedProgram::deleteFile);
    }
  }

  /** A server that has just been ended may have removed its socket meanwhile. */
  private static void deleteFile(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
