package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.ProcessLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes applications of CGI programs, all with the same options and under one limit. */
final class Programs {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private @Nullable Duration timeout;
  private int maxProcesses =
      Math.max(8, Math.min(64, 4 * Runtime.getRuntime().availableProcessors()));
  private @Nullable ProcessLimit limit;
  private boolean shared;
  private long maxBody = -1;
  private boolean passAuthorization;

  /** To the blank line, and between two reads after it. */
  void timeout(Duration newTimeout) {
    timeout = newTimeout;
  }

  void maxProcesses(int newMax) {
    maxProcesses = newMax;
  }

  /** The limit is one of several programs. */
  void shared() {
    shared = true;
  }

  void maxBody(long bytes) {
    maxBody = bytes;
  }

  void passAuthorization() {
    passAuthorization = true;
  }

  /**
   * Adds {@code NAME=VALUE}.
   *
   * @throws LauncherException when it is not of that form, or there is one of that name
   */
  void environment(String text) {
    int equals = text.indexOf('=');
    if (equals <= 0) {
      throw LauncherException.badArgument("--env must be NAME=VALUE: \"" + text + "\"");
    }
    String name = text.substring(0, equals);
    if (environment.putIfAbsent(name, text.substring(equals + 1)) != null) {
      throw LauncherException.badArgument("NAME of --env must be given once: \"" + name + "\"");
    }
    try {
      // Any builder knows which names are refused, also where no program is mounted.
      CgiApplication.builder(Path.of("/")).environment(name, text.substring(equals + 1));
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--env: " + e.getMessage());
    }
  }

  /**
   * The program at that path.
   *
   * @throws LauncherException when it cannot be run
   */
  Application program(String text) {
    Path program = path("--cgi", text);
    if (!Files.exists(program)) {
      throw LauncherException.badArgument("PROGRAM of --cgi must exist: \"" + text + "\"");
    }
    if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
      throw LauncherException.badArgument(
          "PROGRAM of --cgi must be an executable file: \"" + text + "\"");
    }
    return configured(CgiApplication.builder(program)).build();
  }

  /**
   * The programs in that directory.
   *
   * @throws LauncherException when it is none
   */
  Application directory(String text) {
    Path directory = path("--cgi-dir", text);
    try {
      if (Files.isDirectory(directory)) {
        return configured(CgiDirectory.builder(directory)).build();
      }
    } catch (IOException e) {
      // It went away, or may not be entered.
    }
    throw LauncherException.badArgument("DIR of --cgi-dir must be a directory: \"" + text + "\"");
  }

  private static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument(option + " must name a path: \"" + text + "\"");
    }
  }

  private <B extends CgiHostBuilder<B>> B configured(B builder) {
    environment.forEach(builder::environment);
    if (timeout != null) {
      builder.headerTimeout(timeout).idleTimeout(timeout);
    }
    if (maxBody >= 0) {
      builder.maxBody(maxBody);
    }
    if (passAuthorization) {
      builder.passAuthorization();
    }
    if (limit == null) {
      limit = ProcessLimit.of(maxProcesses);
    }
    if (shared) {
      // Hung runs of one program leave places to the others.
      builder.programLimit(maxProcesses - maxProcesses / 4);
    }
    return builder.limit(limit);
  }
}
