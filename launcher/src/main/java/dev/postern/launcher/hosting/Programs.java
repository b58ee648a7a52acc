package dev.postern.launcher.hosting;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.CgiHostBuilder;
import dev.postern.cgi.FollowLinks;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.Isolation;
import dev.postern.cgi.IsolationLevel;
import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.ProcessLimit;
import dev.postern.cgi.PsgiApplication;
import dev.postern.cgi.WorkerGroup;
import dev.postern.cgi.WsgiApplication;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.launcher.recording.Recorder;
import dev.postern.launcher.recording.Recording;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import dev.postern.launcher.workers.WorkerGroups;
import dev.postern.launcher.workers.Workers;
import dev.postern.scgi.ScgiApplication;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes applications of CGI programs, all with the same options and under one limit. Each option is
 * tried when it is set, so that a wrong one is told where no program is mounted, too.
 */
public final class Programs {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<Consumer<CgiHostBuilder<?>>> options = new ArrayList<>();
  private final List<Consumer<CgiDirectory.Builder>> directoryOptions = new ArrayList<>();

  /** Those of {@link #options} that applications of other languages have as well. */
  private final List<Consumer<HostBuilder<?>>> common = new ArrayList<>();

  private final Map<String, List<String>> interpreters = new LinkedHashMap<>();
  private final Map<String, JavaProgram> inside = new LinkedHashMap<>();
  private final HostedSite site;
  private List<String> arguments = List.of();
  private Path[] roots = {};
  private Workers workers = Workers.of(List.of(), List.of(), List.of(), new WorkerGroups());
  private @Nullable Recorder recorder;
  private JavaProgram.State javaState = JavaProgram.State.RESET;

  /**
   * @param site what all hosts share
   * @param places that all of them have together
   * @param each how many places one program may have, so that its hung runs leave some to the
   *     others; 0 for all
   */
  Programs(HostedSite site, ProcessLimit places, int each) {
    this.site = site;
    all(builder -> builder.limit(places));
    all(site.watcher());
    if (each > 0) {
      options.add(builder -> builder.programLimit(each));
    }
  }

  private void all(Consumer<HostBuilder<?>> option) {
    options.add(option::accept);
    common.add(option);
  }

  /** An option of each host, where it is wanted. */
  void all(boolean wanted, Consumer<HostBuilder<?>> option) {
    if (wanted) {
      all(option);
    }
  }

  /** An option of each host of processes, where it is wanted. */
  void processes(boolean wanted, Consumer<CgiHostBuilder<?>> option) {
    if (wanted) {
      options.add(option);
    }
  }

  /** What runs programs that were loaded before. */
  void workers(Workers newWorkers) {
    workers = newWorkers;
  }

  /** What is wrong with globs that match no program that was mounted. */
  public Set<String> unmatched() {
    return workers.unmatched();
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

  /** How many runs of any one program. */
  void programLimit(int runs) {
    options.add(builder -> builder.programLimit(runs));
  }

  /** Local redirects are answered here. */
  void localRedirects() {
    all(builder -> builder.localRedirects(site.redirects()));
  }

  /** Keeps the runs that fail. */
  void record(Recorder newRecorder) {
    recorder = newRecorder;
    all(builder -> builder.keepRuns(Recording.BOUND));
  }

  /** Sets the common options of a server, and that its failed requests are kept. */
  private void server(HostBuilder<?> builder, String server) {
    common.forEach(set -> set.accept(builder));
    Recorder keeper = recorder;
    if (keeper != null) {
      builder.onRun(run -> keeper.record(run, server));
    }
  }

  /** The same for programs, with the options that are theirs alone. */
  private void host(CgiHostBuilder<?> builder) {
    options.forEach(set -> set.accept(builder));
    Recorder keeper = recorder;
    if (keeper != null) {
      builder.onRun(run -> keeper.record(run, ""));
    }
  }

  /** The only methods; none for all. */
  void methods(List<String> names) {
    for (String name : names) {
      if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")) {
        throw LauncherException.badArgument(
            "NAME of --method must be a request method: \"" + name + "\"");
      }
    }
    if (!names.isEmpty()) {
      all(builder -> builder.methods(names));
    }
  }

  /** How programs are kept apart, and how far they must be. */
  void isolation(@Nullable Isolation isolation, @Nullable IsolationLevel least) {
    if (isolation != null) {
      options.add(builder -> builder.isolation(isolation));
    }
    if (least != null) {
      options.add(builder -> builder.requireLevel(least));
    }
  }

  /** Further names of SCRIPT_FILENAME. */
  void fileVariable(String name) {
    try {
      CgiApplication.builder(Path.of("/")).fileVariable(name);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--file-variable: " + e.getMessage());
    }
    all(builder -> builder.fileVariable(name));
  }

  /** What a program is started with. */
  void arguments(List<String> texts) {
    if (texts.stream().anyMatch(text -> text.indexOf('\0') >= 0)) {
      throw LauncherException.badArgument("TEXT of --argument must have no NUL");
    }
    arguments = List.copyOf(texts);
  }

  /** Files with that extension run inside this JVM. */
  void javaExtension(String extension) {
    if (!extension.equals(".jar") && !extension.equals(".java")) {
      throw LauncherException.badArgument("--java must be .jar or .java: \"" + extension + "\"");
    }
    directoryOptions.add(builder -> builder.java(extension));
  }

  /** The only names of files that run; none for all. */
  void allow(List<String> names) {
    for (String name : names) {
      checkName("--allow", name);
    }
    if (!names.isEmpty()) {
      directoryOptions.add(builder -> builder.allow(Set.copyOf(names)));
    }
  }

  /** Where links may lead to. */
  void roots(List<String> texts) {
    roots = new Path[texts.size()];
    for (int i = 0; i < roots.length; i++) {
      roots[i] = Values.directory("--root", texts.get(i));
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
    Path directory = Values.directory("--document-root", text);
    all(builder -> builder.documentRoot(directory));
  }

  void workingDirectory(String text) {
    Path directory = Values.directory("--cwd", text);
    options.add(builder -> builder.workingDirectory(directory));
  }

  /** {@code [.EXT=]COMMAND}, the command's words with spaces between them. */
  void interpreter(String text) {
    int equals = text.startsWith("/") ? -1 : text.indexOf('=');
    String extension = text.substring(0, Math.max(equals, 0));
    String words = text.substring(equals + 1).trim();
    if (words.isEmpty()
        || equals >= 0 && !extension.matches("\\.[^/]+")
        || isNoPair(text, equals)) {
      throw LauncherException.badArgument(
          "--interpreter must be .EXT=COMMAND or COMMAND: \"" + text + "\"");
    }
    List<String> command = List.of(words.split(" +"));
    Path program = Values.path("--interpreter", command.get(0));
    if (!program.isAbsolute() || !Files.isRegularFile(program) || !Files.isExecutable(program)) {
      throw LauncherException.badArgument(
          "COMMAND of --interpreter must start with the absolute path of an executable file: \""
              + text
              + "\"");
    }
    if (interpreters.putIfAbsent(extension, command) != null) {
      throw LauncherException.badArgument(
          "EXT of --interpreter must be given once: \"" + text + "\"");
    }
    if (extension.isEmpty()) {
      directoryOptions.add(builder -> builder.interpreter(command));
    } else {
      directoryOptions.add(builder -> builder.interpreter(extension, command));
    }
  }

  /** An extension without a command. */
  private static boolean isNoPair(String text, int equals) {
    return equals < 0 && text.startsWith(".");
  }

  /** The interpreter of that file; null when it runs itself. */
  private @Nullable List<String> interpreterOf(Path program) {
    String name = String.valueOf(program.getFileName());
    int dot = name.lastIndexOf('.');
    List<String> own = dot < 0 ? null : interpreters.get(name.substring(dot));
    return own == null ? interpreters.get("") : own;
  }

  /** The program that answers for a directory. */
  void index(String name) {
    checkName("--index", name);
    directoryOptions.add(builder -> builder.index(name));
  }

  private static void checkName(String option, String name) {
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.startsWith(".")) {
      throw LauncherException.badArgument(
          option + " must be the name of a program: \"" + name + "\"");
    }
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
   * The program at that path, mounted at that prefix.
   *
   * @param option that names it
   * @throws LauncherException when it cannot be run
   */
  public Application program(String option, String prefix, String text) {
    Path program = Values.path(option, text);
    if (!Files.exists(program)) {
      throw LauncherException.badArgument("PROGRAM of " + option + " must exist: \"" + text + "\"");
    }
    List<String> interpreter = interpreterOf(program);
    if (!Files.isRegularFile(program) || interpreter == null && !Files.isExecutable(program)) {
      throw LauncherException.badArgument(
          "PROGRAM of " + option + " must be an executable file: \"" + text + "\"");
    }
    CgiApplication.Builder builder = CgiApplication.builder(program).arguments(arguments);
    if (interpreter != null) {
      builder.interpreter(interpreter);
    }
    host(builder);
    workers.delegate(builder, prefix);
    return built(builder::build);
  }

  /** What this system cannot do for the programs is told as what is wrong with the arguments. */
  private static Application built(Supplier<Application> maker) {
    try {
      return maker.get();
    } catch (IllegalStateException e) {
      throw LauncherException.badArgument(IsolationOptions.named(String.valueOf(e.getMessage())));
    }
  }

  /** The FastCGI server at {@code ADDRESS}, and where its scripts are after a comma. */
  public Application fastCgi(String text) {
    int comma = text.indexOf(',');
    FastCgiApplication.Builder builder;
    try {
      builder = FastCgiApplication.builder(comma < 0 ? text : text.substring(0, comma));
    } catch (IllegalArgumentException e) {
      throw noAddress("--fcgi", text);
    }
    if (comma >= 0) {
      builder.root(Values.path("--fcgi", text.substring(comma + 1)));
    }
    server(builder, "fcgi " + text);
    return builder.build();
  }

  /** The SCGI server at {@code ADDRESS}. */
  public Application scgi(String text) {
    ScgiApplication.Builder builder;
    try {
      builder = ScgiApplication.builder(text);
    } catch (IllegalArgumentException e) {
      throw noAddress("--scgi", text);
    }
    server(builder, "scgi " + text);
    return builder.build();
  }

  private static LauncherException noAddress(String option, String text) {
    return LauncherException.badArgument(
        "ADDRESS of " + option + " must be HOST:PORT or unix:PATH: \"" + text + "\"");
  }

  /**
   * The programs in that directory, mounted at that prefix.
   *
   * @param option that names it
   * @throws LauncherException when it is none
   */
  public Application directory(String option, String prefix, String text) {
    Path directory = Values.directory(option, text);
    CgiDirectory.Builder builder = CgiDirectory.builder(directory);
    host(builder);
    directoryOptions.forEach(set -> set.accept(builder));
    workers.delegate(builder, prefix, directory);
    return built(
        () -> {
          try {
            return builder.root(roots).build();
          } catch (IOException e) {
            // It went away, or may not be entered.
            throw Values.noDirectory(option, text);
          }
        });
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
  public Application javaProgram(String text, @Nullable String classpath) {
    JavaProgram program =
        javaProgram("--java-cgi", text, classpath)
            .state(javaState)
            .arguments(arguments.toArray(new String[0]))
            .build();
    inside.put(text, program);
    CgiApplication.Builder builder = CgiApplication.builder(program);
    try {
      host(builder);
    } catch (IllegalStateException e) {
      throw LauncherException.badArgument("--java-cgi: " + e.getMessage());
    }
    return builder.build();
  }

  /** The Java programs that were mounted, by what they were called. */
  public Map<String, JavaProgram> javaPrograms() {
    return inside;
  }

  /** A jar, a source file, or a class on a class path. */
  public static JavaProgram.Builder javaProgram(
      String option, String text, @Nullable String classpath) {
    if (text.endsWith(".jar") || text.endsWith(".java")) {
      Path file = Values.path(option, text);
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
        entries.add(Values.path("--classpath", entry));
      }
    }
    return JavaProgram.builder(entries, text);
  }

  /**
   * {@code FILE[:CALLABLE]}, mounted at that prefix: an application of WSGI.
   *
   * @throws LauncherException when there is no such file
   */
  public Application wsgi(String prefix, String text) {
    int colon = text.lastIndexOf(':');
    boolean named = colon > 0 && text.substring(colon + 1).matches("[A-Za-z_][A-Za-z0-9_]*");
    WsgiApplication.Builder builder =
        WsgiApplication.builder(Values.file("--wsgi", named ? text.substring(0, colon) : text));
    if (named) {
      builder.callable(text.substring(colon + 1));
    }
    server(builder, "");
    WorkerGroup group = workers.groupOf(prefix);
    return (group == null ? builder : builder.workers(group)).build();
  }

  /**
   * An application of PSGI, mounted at that prefix.
   *
   * @throws LauncherException when there is no such file
   */
  public Application psgi(String prefix, String text) {
    PsgiApplication.Builder builder = PsgiApplication.builder(Values.file("--psgi", text));
    server(builder, "");
    WorkerGroup group = workers.groupOf(prefix);
    return (group == null ? builder : builder.workers(group)).build();
  }
}
