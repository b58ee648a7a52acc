package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The programs of other people that tests talk to. */
public final class Tools {
  /** Not the PATH of whoever runs the tests: servers live where ordinary users do not look. */
  private static final List<String> DIRECTORIES =
      List.of("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin");

  private static final List<String> APACHE_MODULES =
      List.of("/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/libexec/apache2");

  private Tools() {}

  /** The path of a program, or a named skip, which is a failure with POSTERN_REQUIRE_ALL=1. */
  public static String require(String program) {
    return find(DIRECTORIES, program).orElseGet(() -> missing(program));
  }

  /** The path of one of Apache's modules, or a named skip as {@link #require}. */
  static String requireModule(String file) {
    return find(APACHE_MODULES, file).orElseGet(() -> missing("Apache's " + file));
  }

  private static Optional<String> find(List<String> directories, String name) {
    return directories.stream()
        .map(directory -> Path.of(directory, name))
        .filter(Files::isReadable)
        .map(Path::toString)
        .findFirst();
  }

  /** Ends the test: something that it needs is not installed. */
  public static <T> T missing(String what) {
    String message = what + " is not installed";
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }
}
