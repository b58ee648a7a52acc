package dev.postern.launcher.hosting;

import dev.postern.Application;
import dev.postern.cgi.ApplicationBuilder;
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
 * checked when it is set, so a wrong one is reported even if no program is mounted.
 */
public final class Programs {
  private final Map<String, String> environment = new LinkedHashMap<>();
  private final List<Consumer<CgiHostBuilder<?>>> options = new ArrayList<>();
  private final List<Consumer<CgiDirectory.Builder>> directoryOptions = new ArrayList<>();

  /** The {@link #options} that hold for servers and for applications of other languages, too. */
  private final List<Consumer<HostBuilder<?>>> common = new ArrayList<>();

  private final Map<String, List<String>> interpreters = new LinkedHashMap<>();
  private final Map<String, JavaProgram> inside = new LinkedHashMap<>();
  private final HostedSite site;
  private List<String> arguments = List.of();
  private Path[] roots = {};
  private Workers workers = Workers.of(List.of(), List.of(), List.of(), new WorkerGroups());
  private @Nullable Recorder recorder;
  private JavaProgram.State javaState = JavaProgram.State.RESET;

  /** The options that workers of an application of another language cannot hold. */
  private final List<String> notForApplications = new ArrayList<>();

  private boolean rootRefused;

  /**
   * @param site what all hosts share
   * @param places the places that all hosts share
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

  /** Sets an option of each host if it is wanted. */
  void all(boolean wanted, Consumer<HostBuilder<?>> option) {
    if (wanted) {
      all(option);
    }
  }

  /** Sets an option of each host of processes if it is wanted. */
  void processes(boolean wanted, Consumer<CgiHostBuilder<?>> option) {
    if (wanted) {
      options.add(option);
    }
  }

  /** Sets the workers, which run programs that they loaded before. */
  void workers(Workers newWorkers) {
    workers = newWorkers;
  }

  /** Returns what is wrong with globs that match no mounted program. */
  public Set<String> unmatched() {
    return workers.unmatched();
  }

  /** Sets the time until the blank line; null for the default. */
  void headerTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.headerTimeout(time));
    }
  }

  /** Sets the time between two reads after the blank line; null for the default. */
  void idleTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.idleTimeout(time));
    }
  }

  /** Sets the time for the whole request; null for the default. */
  void totalTimeout(@Nullable Duration time) {
    if (time != null) {
      all(builder -> builder.totalTimeout(time));
    }
  }

  /** Sets the time for what a program does after its answer; null for the default. */
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

  /** Sets which links are followed: {@code owner} or {@code no}. */
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

  /** Sets how many runs any one program may have at once. */
  void programLimit(int runs) {
    options.add(builder -> builder.programLimit(runs));
  }

  /** Lets the site answer local redirects. */
  void localRedirects() {
    all(builder -> builder.localRedirects(site.redirects()));
  }

  /** Keeps the runs that fail. */
  void record(Recorder newRecorder) {
    recorder = newRecorder;
    all(builder -> builder.keepRuns(Recording.BOUND));
  }

  /** Sets the common options of a server. If there is a recorder, it keeps the failed requests. */
  private void server(HostBuilder<?> builder, String server) {
    common.forEach(set -> set.accept(builder));
    Recorder keeper = recorder;
    if (keeper != null) {
      builder.onRun(run -> keeper.record(run, server));
    }
  }

  /** Sets the options of programs. If there is a recorder, it keeps the failed runs. */
  private void host(CgiHostBuilder<?> builder) {
    options.forEach(set -> set.accept(builder));
    Recorder keeper = recorder;
    if (keeper != null) {
      builder.onRun(run -> keeper.record(run, ""));
    }
  }

  /** Sets the only methods; with no name, this changes nothing. */
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

  /** Sets the isolation of programs, and its least level. */
  void isolation(@Nullable Isolation isolation, @Nullable IsolationLevel least) {
    if (isolation != null) {
      options.add(builder -> builder.isolation(isolation));
    }
    if (least != null) {
      options.add(builder -> builder.requireLevel(least));
    }
  }

  /**
   * Names options that hold for programs and not for the workers of applications. A mount of WSGI
   * or PSGI is refused then, because without these options it would run with more rights than the
   * user asked for.
   */
  void notForApplications(List<String> names) {
    notForApplications.addAll(names);
  }

  /** Refuses to run programs as root. */
  void refuseRoot() {
    options.add(CgiHostBuilder::refuseRoot);
    rootRefused = true;
  }

  /** Adds a further name of SCRIPT_FILENAME. */
  void fileVariable(String name) {
    try {
      CgiApplication.builder(Path.of("/")).fileVariable(name);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--file-variable: " + e.getMessage());
    }
    all(builder -> builder.fileVariable(name));
  }

  /** Sets the arguments of a program. */
  void arguments(List<String> texts) {
    if (texts.stream().anyMatch(text -> text.indexOf('\0') >= 0)) {
      throw LauncherException.badArgument("TEXT of --argument must have no NUL");
    }
    arguments = List.copyOf(texts);
  }

  /** Runs files with that extension inside this JVM. */
  void javaExtension(String extension) {
    if (!extension.equals(".jar") && !extension.equals(".java")) {
      throw LauncherException.badArgument("--java must be .jar or .java: \"" + extension + "\"");
    }
    directoryOptions.add(builder -> builder.java(extension));
  }

  /** Sets the only names of files that run; with no name, all run. */
  void allow(List<String> names) {
    for (String name : names) {
      checkName("--allow", name);
    }
    if (!names.isEmpty()) {
      directoryOptions.add(builder -> builder.allow(Set.copyOf(names)));
    }
  }

  /** Sets further directories that links may lead to. */
  void roots(List<String> texts) {
    roots = new Path[texts.size()];
    for (int i = 0; i < roots.length; i++) {
      roots[i] = Values.directory("--root", texts.get(i));
    }
  }

  /** Passes on a variable that a middleware adds. */
  void passVariable(String name) {
    try {
      CgiApplication.builder(Path.of("/")).passVariable(name);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--pass-variable: " + e.getMessage());
    }
    all(builder -> builder.passVariable(name));
  }

  /** Sets DOCUMENT_ROOT. */
  void documentRoot(String text) {
    Path directory = Values.directory("--document-root", text);
    all(builder -> builder.documentRoot(directory));
  }

  void workingDirectory(String text) {
    Path directory = Values.directory("--cwd", text);
    options.add(builder -> builder.workingDirectory(directory));
  }

  /** Sets an interpreter: {@code [.EXT=]COMMAND}, with spaces between the command's words. */
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

  /** Returns whether the text is an extension without a command. */
  private static boolean isNoPair(String text, int equals) {
    return equals < 0 && text.startsWith(".");
  }

  /** Returns the interpreter of a file; null if the file runs itself. */
  private @Nullable List<String> interpreterOf(Path program) {
    String name = String.valueOf(program.getFileName());
    int dot = name.lastIndexOf('.');
    List<String> own = dot < 0 ? null : interpreters.get(name.substring(dot));
    return own == null ? interpreters.get("") : own;
  }

  /** Sets the program that answers for a directory. */
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
   * @throws LauncherException when it is not of that form, or the name was given before
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
      // Any builder knows which names are refused, so this check needs no mounted program.
      CgiApplication.Builder any = CgiApplication.builder(Path.of("/"));
      environment.forEach(any::environment);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--env: " + e.getMessage());
    }
    all(builder -> builder.environment(name, value));
  }

  /**
   * Returns the program at that path, mounted at that prefix.
   *
   * @param option the option that names the program
   * @throws LauncherException when the program cannot be run
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

  /**
   * Builds an application. If this system cannot do what the options ask for, this reports a bad
   * argument.
   */
  private static Application built(Supplier<Application> maker) {
    try {
      return maker.get();
    } catch (IllegalStateException e) {
      throw LauncherException.badArgument(IsolationOptions.named(String.valueOf(e.getMessage())));
    }
  }

  /**
   * Returns the FastCGI server at {@code ADDRESS}. The directory of its scripts may follow after a
   * comma.
   */
  public Application fastCgi(String text) {
    String root = fastCgiRoot(text);
    FastCgiApplication.Builder builder;
    try {
      builder =
          FastCgiApplication.builder(root == null ? text : text.substring(0, text.indexOf(',')));
    } catch (IllegalArgumentException e) {
      throw noAddress("--fcgi", text);
    }
    if (root != null) {
      builder.root(Values.path("--fcgi", root));
    }
    server(builder, "fcgi " + text);
    return builder.build();
  }

  /** Returns the ROOT of {@code ADDRESS[,ROOT]}; null if there is none. */
  public static @Nullable String fastCgiRoot(String text) {
    int comma = text.indexOf(',');
    return comma < 0 ? null : text.substring(comma + 1);
  }

  /** Returns the SCGI server at {@code ADDRESS}. */
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
   * Returns the programs in that directory, mounted at that prefix.
   *
   * @param option the option that names the directory
   * @throws LauncherException when it is no directory
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
            // The directory went away, or may not be entered.
            throw Values.noDirectory(option, text);
          }
        });
  }

  /** Sets what is left of one request when the next one begins. */
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
   * Returns a Java program that runs inside this JVM.
   *
   * @throws LauncherException when there is no program of that name, or an option does not allow it
   */
  public Application javaProgram(String text, List<Path> classpath) {
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
    return built(builder::build);
  }

  /** Returns the Java programs that were mounted, by the names in their options. */
  public Map<String, JavaProgram> javaPrograms() {
    return inside;
  }

  /** Returns whether the text names a jar or a source file, and no class. */
  public static boolean isJavaFile(String text) {
    return text.endsWith(".jar") || text.endsWith(".java");
  }

  /** Returns a builder for a jar, a source file, or a class on a class path. */
  public static JavaProgram.Builder javaProgram(String option, String text, List<Path> classpath) {
    if (isJavaFile(text)) {
      Path file = Values.path(option, text);
      if (!Files.isRegularFile(file)) {
        throw LauncherException.badArgument(
            "PROGRAM of " + option + " must exist: \"" + text + "\"");
      }
      return JavaProgram.builder(file);
    }
    if (classpath.isEmpty()) {
      throw LauncherException.badArgument(
          "PROGRAM of "
              + option
              + " must be a .jar, a .java file, or a class on --classpath: \""
              + text
              + "\"");
    }
    return JavaProgram.builder(classpath, text);
  }

  /**
   * Returns the WSGI application {@code FILE[:CALLABLE]}, mounted at that prefix.
   *
   * @throws LauncherException when there is no such file, or an option does not allow it
   */
  public Application wsgi(String prefix, String text) {
    checkHolds("--wsgi");
    String file = wsgiFile(text);
    WsgiApplication.Builder builder = WsgiApplication.builder(Values.file("--wsgi", file));
    if (file.length() < text.length()) {
      builder.callable(text.substring(file.length() + 1));
    }
    return built(inWorkers(builder, prefix)::build);
  }

  /** Returns the file of {@code FILE[:CALLABLE]}. */
  public static String wsgiFile(String text) {
    int colon = text.lastIndexOf(':');
    boolean named = colon > 0 && text.substring(colon + 1).matches("[A-Za-z_][A-Za-z0-9_]*");
    return named ? text.substring(0, colon) : text;
  }

  /**
   * Returns a PSGI application, mounted at that prefix.
   *
   * @throws LauncherException when there is no such file, or an option does not allow it
   */
  public Application psgi(String prefix, String text) {
    checkHolds("--psgi");
    PsgiApplication.Builder builder = PsgiApplication.builder(Values.file("--psgi", text));
    return built(inWorkers(builder, prefix)::build);
  }

  /** Sets what the workers of an application at that prefix hold. */
  private <B extends ApplicationBuilder<B>> B inWorkers(B builder, String prefix) {
    server(builder, "");
    if (rootRefused) {
      builder.refuseRoot();
    }
    WorkerGroup group = workers.groupOf(prefix);
    return group == null ? builder : builder.workers(group);
  }

  /** Refuses an application whose workers would not hold what the user asked for. */
  private void checkHolds(String option) {
    if (!notForApplications.isEmpty()) {
      throw LauncherException.badArgument(
          option
              + ": workers of an application cannot be run with "
              + notForApplications.get(0)
              + ", which holds for programs");
    }
  }
}
