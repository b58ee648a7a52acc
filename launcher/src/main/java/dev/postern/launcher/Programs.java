package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.FollowLinks;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.Isolation;
import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.ProcessLimit;
import dev.postern.cgi.PsgiApplication;
import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WsgiApplication;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.launcher.workers.Workers;
import dev.postern.scgi.ScgiApplication;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes applications of CGI programs, all with the same options and under one limit. Each option is
 * tried when it is set, so that a wrong one is told where no program is mounted, too.
 */
final class Programs {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<Consumer<CgiHostBuilder<?>>> options = new ArrayList<>();
  private final List<Consumer<CgiDirectory.Builder>> directoryOptions = new ArrayList<>();

  /** Those of {@link #options} that applications of other languages have as well. */
  private final List<Consumer<HostBuilder<?>>> common = new ArrayList<>();

  private Workers workers = Workers.of(List.of(), List.of(), List.of());
  private JavaProgram.State javaState = JavaProgram.State.RESET;

  /**
   * @param places that all of them have together
   * @param each how many places one program may have, so that its hung runs leave some to the
   *     others; 0 for all
   */
  Programs(ProcessLimit places, int each) {
    all(builder -> builder.limit(places).onRun(RequestMark::took));
    if (each > 0) {
      options.add(builder -> builder.programLimit(each));
    }
  }

  private void all(Consumer<HostBuilder<?>> option) {
    options.add(option::accept);
    common.add(option);
  }

  /** What runs programs that were loaded before. */
  void workers(Workers newWorkers) {
    workers = newWorkers;
  }

  /**
   * Refuses globs that match no program that was mounted.
   *
   * @throws LauncherException at the first
   */
  void checkMatched() {
    try {
      workers.checkMatched();
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(String.valueOf(e.getMessage()));
    }
  }

  /** To the blank line; null for the default, as with the two below. */
  void headerTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.headerTimeout(time));
    }
  }

  /** Between two reads after the blank line. */
  void idleTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.idleTimeout(time));
    }
  }

  /** For the whole request. */
  void totalTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.totalTimeout(time));
    }
  }

  /** For what a program does after its answer. */
  void afterOutput(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.afterOutput(time));
    }
  }

  void maxBody(long bytes) {
    all(builder -> builder.maxBody(bytes));
  }

  void maxSpool(long bytes) {
    all(builder -> builder.maxSpool(bytes));
  }

  void passAuthorization() {
    all(HostBuilder::passAuthorization);
  }

  void strictExit() {
    all(HostBuilder::strictExit);
  }

  void allowEncodedSlash() {
    all(HostBuilder::allowEncodedSlash);
  }

  void allowSetId() {
    options.add(CgiHostBuilder::allowSetId);
  }

  /** {@code owner} or {@code no}. */
  void followLinks(String text) {
    FollowLinks which =
        switch (text) {
          case "owner" -> FollowLinks.IF_OWNER_MATCHES;
          case "no" -> FollowLinks.NO;
          default ->
              throw LauncherException.badArgument(
                  "--follow-links must be owner or no: \"" + text + "\"");
        };
    directoryOptions.add(builder -> builder.followLinks(which));
  }

  /** The user that programs run as. */
  void user(String name) {
    try {
      Isolation isolation = Isolation.builder().user(name).build();
      options.add(builder -> builder.isolation(isolation));
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw LauncherException.badArgument("--user: " + e.getMessage());
    }
  }

  /** The name of a variable that a middleware adds. */
  void passVariable(String name) {
    try {
      CgiApplication.builder(Path.of("/")).passVariable(name);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--pass-variable: " + e.getMessage());
    }
    all(builder -> builder.passVariable(name));
  }

  /** DOCUMENT_ROOT. */
  void documentRoot(String text) {
    Path directory = directory("--document-root", text);
    all(builder -> builder.documentRoot(directory));
  }

  void workingDirectory(String text) {
    Path directory = directory("--cwd", text);
    options.add(builder -> builder.workingDirectory(directory));
  }

  /** {@code .EXT=COMMAND}, the command's words with spaces between them. */
  void interpreter(String text) {
    int equals = text.indexOf('=');
    String extension = text.substring(0, Math.max(equals, 0));
    if (!extension.matches("\\.[^/]+") || text.substring(equals + 1).isBlank()) {
      throw LauncherException.badArgument("--interpreter must be .EXT=COMMAND: \"" + text + "\"");
    }
    List<String> command = List.of(text.substring(equals + 1).trim().split(" +"));
    Path program = path("--interpreter", command.get(0));
    if (!program.isAbsolute() || !Files.isRegularFile(program) || !Files.isExecutable(program)) {
      throw LauncherException.badArgument(
          "COMMAND of --interpreter must start with the absolute path of an executable file: \""
              + text
              + "\"");
    }
    directoryOptions.add(builder -> builder.interpreter(extension, command));
  }

  /** The program that answers for a directory. */
  void index(String name) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.startsWith(".")) {
      throw LauncherException.badArgument(
          "--index must be the name of a program: \"" + name + "\"");
    }
    directoryOptions.add(builder -> builder.index(name));
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
    String value = text.substring(equals + 1);
    if (environment.putIfAbsent(name, value) != null) {
      throw LauncherException.badArgument("NAME of --env must be given once: \"" + name + "\"");
    }
    switch (name) {
      case "DOCUMENT_ROOT", "PATH_TRANSLATED" ->
          throw LauncherException.badArgument(
              "NAME of --env must not be one that --document-root sets: \"" + name + "\"");
      case "HTTP_AUTHORIZATION" ->
          throw LauncherException.badArgument(
              "NAME of --env must not be one that --pass-authorization passes: \"" + name + "\"");
      default -> {}
    }
    try {
      // Any builder knows which names are refused, also where no program is mounted.
      CgiApplication.Builder any = CgiApplication.builder(Path.of("/"));
      environment.forEach(any::environment);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--env: " + e.getMessage());
    }
    all(builder -> builder.environment(name, value));
  }

  /**
   * The program at that path.
   *
   * @throws LauncherException when it cannot be run
   */
  Application program(String text) {
    return programAt("", text);
  }

  /** The same, mounted at that prefix. */
  Application programAt(String prefix, String text) {
    Path program = path("--cgi", text);
    if (!Files.exists(program)) {
      throw LauncherException.badArgument("PROGRAM of --cgi must exist: \"" + text + "\"");
    }
    if (!Files.isRegularFile(program) || !Files.isExecutable(program)) {
      throw LauncherException.badArgument(
          "PROGRAM of --cgi must be an executable file: \"" + text + "\"");
    }
    CgiApplication.Builder builder = CgiApplication.builder(program);
    options.forEach(option -> option.accept(builder));
    workers.delegate(builder, prefix);
    return workers.closing(builder.build());
  }

  /** The FastCGI server at {@code ADDRESS}, and where its scripts are after a comma. */
  Application fastCgi(String text) {
    int comma = text.indexOf(',');
    FastCgiApplication.Builder builder;
    try {
      builder = FastCgiApplication.builder(comma < 0 ? text : text.substring(0, comma));
    } catch (IllegalArgumentException e) {
      throw noAddress("--fcgi", text);
    }
    if (comma >= 0) {
      builder.root(path("--fcgi", text.substring(comma + 1)));
    }
    common.forEach(option -> option.accept(builder));
    return workers.closing(builder.build());
  }

  /** The SCGI server at {@code ADDRESS}. */
  Application scgi(String text) {
    ScgiApplication.Builder builder;
    try {
      builder = ScgiApplication.builder(text);
    } catch (IllegalArgumentException e) {
      throw noAddress("--scgi", text);
    }
    common.forEach(option -> option.accept(builder));
    return workers.closing(builder.build());
  }

  private static LauncherException noAddress(String option, String text) {
    return LauncherException.badArgument(
        "ADDRESS of " + option + " must be HOST:PORT or unix:PATH: \"" + text + "\"");
  }

  /**
   * The programs in that directory.
   *
   * @throws LauncherException when it is none
   */
  Application directory(String text) {
    return directoryAt("", text);
  }

  /** The same, mounted at that prefix. */
  Application directoryAt(String prefix, String text) {
    Path directory = directory("--cgi-dir", text);
    CgiDirectory.Builder builder = CgiDirectory.builder(directory);
    options.forEach(option -> option.accept(builder));
    directoryOptions.forEach(option -> option.accept(builder));
    workers.delegate(builder, prefix, directory);
    try {
      return workers.closing(builder.build());
    } catch (IOException e) {
      // It went away, or may not be entered.
      throw noDirectory("--cgi-dir", text);
    }
  }

  /** What is left of one request when the next one begins. */
  void javaState(String text) {
    for (JavaProgram.State state : JavaProgram.State.values()) {
      if (state.name().toLowerCase(Locale.ROOT).equals(text)) {
        javaState = state;
        return;
      }
    }
    throw LauncherException.badArgument(
        "--java-state must be reset, fresh or kept: \"" + text + "\"");
  }

  /**
   * A Java program inside this JVM.
   *
   * @throws LauncherException when there is none of that name, or an option is against it
   */
  Application javaProgram(String text, @Nullable String classpath) {
    JavaProgram program = javaProgram("--java-cgi", text, classpath).state(javaState).build();
    CgiApplication.Builder builder = CgiApplication.builder(program);
    try {
      options.forEach(option -> option.accept(builder));
    } catch (IllegalStateException e) {
      throw LauncherException.badArgument("--java-cgi: " + e.getMessage());
    }
    return builder.build();
  }

  /** A jar, a source file, or a class on a class path. */
  static JavaProgram.Builder javaProgram(String option, String text, @Nullable String classpath) {
    if (text.endsWith(".jar") || text.endsWith(".java")) {
      Path file = path(option, text);
      if (!Files.isRegularFile(file)) {
        throw LauncherException.badArgument(
            "PROGRAM of " + option + " must exist: \"" + text + "\"");
      }
      return JavaProgram.builder(file);
    }
    if (classpath == null) {
      throw LauncherException.badArgument(
          "PROGRAM of "
              + option
              + " must be a .jar, a .java file, or a class on --classpath: \""
              + text
              + "\"");
    }
    List<Path> entries = new ArrayList<>();
    for (String entry : classpath.split(File.pathSeparator, -1)) {
      if (!entry.isEmpty()) {
        entries.add(path("--classpath", entry));
      }
    }
    return JavaProgram.builder(entries, text);
  }

  /**
   * {@code FILE[:CALLABLE]}, mounted at that prefix: an application of WSGI.
   *
   * @throws LauncherException when there is no such file
   */
  Application wsgi(String prefix, String text) {
    int colon = text.lastIndexOf(':');
    boolean named = colon > 0 && text.substring(colon + 1).matches("[A-Za-z_][A-Za-z0-9_]*");
    WsgiApplication.Builder builder =
        WsgiApplication.builder(file("--wsgi", named ? text.substring(0, colon) : text));
    if (named) {
      builder.callable(text.substring(colon + 1));
    }
    common.forEach(option -> option.accept(builder));
    WorkerGroup group = workers.groupOf(prefix);
    return workers.closing((group == null ? builder : builder.workers(group)).build());
  }

  /**
   * An application of PSGI, mounted at that prefix.
   *
   * @throws LauncherException when there is no such file
   */
  Application psgi(String prefix, String text) {
    PsgiApplication.Builder builder = PsgiApplication.builder(file("--psgi", text));
    common.forEach(option -> option.accept(builder));
    WorkerGroup group = workers.groupOf(prefix);
    return workers.closing((group == null ? builder : builder.workers(group)).build());
  }

  private static Path file(String option, String text) {
    Path file = path(option, text);
    if (!Files.isRegularFile(file)) {
      throw LauncherException.badArgument(
          "FILE of " + option + " must be a file: \"" + text + "\"");
    }
    return file;
  }

  /**
   * A directory.
   *
   * @throws LauncherException when it is none
   */
  static Path directory(String option, String text) {
    Path directory = path(option, text);
    if (!Files.isDirectory(directory)) {
      throw noDirectory(option, text);
    }
    return directory;
  }

  private static LauncherException noDirectory(String option, String text) {
    return LauncherException.badArgument(
        "DIR of " + option + " must be a directory: \"" + text + "\"");
  }

  private static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument(option + " must name a path: \"" + text + "\"");
    }
  }
}
