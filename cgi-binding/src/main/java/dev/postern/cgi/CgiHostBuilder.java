package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options that {@link CgiApplication} and {@link CgiDirectory} share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract sealed class CgiHostBuilder<B extends CgiHostBuilder<B>>
    permits CgiApplication.Builder, CgiDirectory.Builder {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private @Nullable Path documentRoot;
  private @Nullable Path workingDirectory;
  private Duration headerTimeout = Duration.ofSeconds(30);
  private Duration idleTimeout = Duration.ofSeconds(60);
  private long maxBody = 64L << 20;
  private @Nullable ProcessLimit limit;
  private boolean passAuthorization;
  private boolean strictExit;
  private boolean lenientType;
  private boolean encodedSlash;

  CgiHostBuilder() {}

  /**
   * Adds a variable to the environment of every program, as text. The environment is otherwise
   * built from empty: PATH is {@code /usr/local/bin:/usr/bin:/bin} unless given here, and nothing
   * of the JVM's own is passed on.
   *
   * @throws IllegalArgumentException when the name is not {@code [A-Za-z_][A-Za-z0-9_]*}, is one
   *     that a request sets (RFC 3875 4.1, {@code HTTP_*}, {@code REDIRECT_*}), or the value holds
   *     a NUL
   */
  public B environment(String name, String value) {
    ProgramEnvironment.checkConfigured(name, requireNonNull(value, "value"));
    environment.put(name, value);
    return self();
  }

  /**
   * Sets DOCUMENT_ROOT, and PATH_TRANSLATED below it (RFC 3875 4.1.6). Without one neither is set.
   */
  public B documentRoot(Path directory) {
    documentRoot = directory.toAbsolutePath().normalize();
    return self();
  }

  /** Where programs start; by default the directory of the program (RFC 3875 7.2). */
  public B workingDirectory(Path directory) {
    workingDirectory = directory.toAbsolutePath().normalize();
    return self();
  }

  /**
   * From the start of a program to its blank line; 30 s by default. The client is then told 504.
   */
  public B headerTimeout(Duration timeout) {
    headerTimeout = positive(timeout);
    return self();
  }

  /**
   * Between two reads of a program's output after its blank line; 60 s by default. The response is
   * then cut.
   */
  public B idleTimeout(Duration timeout) {
    idleTimeout = positive(timeout);
    return self();
  }

  /**
   * The largest request body in bytes; 64 MiB by default. A larger one is told 413, before a
   * program starts where that is known.
   */
  public B maxBody(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("maximum body must not be negative: " + bytes);
    }
    maxBody = bytes;
    return self();
  }

  /**
   * How many programs may run at once; by default four for each processor, 8 to 64, for each
   * application.
   */
  public B limit(ProcessLimit newLimit) {
    limit = requireNonNull(newLimit, "limit");
    return self();
  }

  /**
   * Gives programs the client's Authorization as HTTP_AUTHORIZATION, which others on the machine
   * may be able to read (RFC 3875 9.2).
   */
  public B passAuthorization() {
    passAuthorization = true;
    return self();
  }

  /**
   * Cuts the response of a program that ends with a status other than 0. By default it is
   * delivered, and the outcome tells.
   */
  public B strictExit() {
    strictExit = true;
    return self();
  }

  /**
   * Sends a body without Content-Type as {@code application/octet-stream} with {@code nosniff}. By
   * default that is a 502.
   */
  public B lenientType() {
    lenientType = true;
    return self();
  }

  /**
   * Admits {@code %2F} in a path, which a program cannot tell from a slash. By default that is a
   * 400.
   */
  public B allowEncodedSlash() {
    encodedSlash = true;
    return self();
  }

  abstract B self();

  HostOptions options() {
    return new HostOptions(
        Map.copyOf(environment),
        documentRoot,
        workingDirectory,
        headerTimeout,
        idleTimeout,
        maxBody,
        limit == null ? ProcessLimit.standard() : limit,
        passAuthorization,
        strictExit,
        lenientType,
        encodedSlash);
  }

  private static Duration positive(Duration timeout) {
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("timeout must be positive: " + timeout);
    }
    return timeout;
  }
}
