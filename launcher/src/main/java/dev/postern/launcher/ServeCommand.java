package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Lint;
import dev.postern.Middleware;
import dev.postern.launcher.dev.ErrorPage;
import dev.postern.launcher.hosting.HostingOptions;
import dev.postern.launcher.hosting.Programs;
import dev.postern.launcher.status.Sources;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Mount;
import dev.postern.launcher.values.Values;
import dev.postern.web.middleware.BasicAuth;
import dev.postern.web.middleware.Htpasswd;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code postern serve} serves applications and CGI programs over HTTP. */
@Command(
    name = "serve",
    description = {
      "Serve applications and CGI programs over HTTP.",
      "A PREFIX matches whole segments of the path. The longest PREFIX that matches wins, and / "
          + "matches all paths. SECONDS may have a fraction, such as 0.5; BYTES and N are whole "
          + "numbers. An option without a default is off. The options of programs hold for all "
          + "mounts to which they can apply.",
      "On SIGTERM or Ctrl-C the server gives the running requests 5 s, and ends. A second signal "
          + "ends it at once."
    },
    abbreviateSynopsis = true,
    sortOptions = false)
final class ServeCommand implements Callable<Integer> {
  /** How often files that may change are checked. */
  private static final long WATCH_MILLIS = 500;

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "SOURCE",
      description =
          "A .java file with an Application or a Responder. The server compiles it, which needs a "
              + "JDK, and mounts it at /.")
  @Nullable String source;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description =
          "Read options and mounts from this file. SIGHUP reads it again. Default: no file.")
  @Nullable String config;

  @Option(
      names = "--check",
      description =
          "Check the options and the file of --config, and serve nothing. This makes each "
              + "application once. The exit code is 0 if all is right.")
  boolean check;

  @Option(names = "--watch", description = "Read the file of --config again when it changes.")
  boolean watch;

  @Mixin ServerOptions server = new ServerOptions();

  @Option(
      names = "--classpath",
      paramLabel = "CP",
      description =
          "Where the classes of --app are, in the form of java -cp. Default: the class path "
              + "of the command.")
  @Nullable String classpath;

  @Option(
      names = "--app",
      paramLabel = "PREFIX=CLASS",
      description =
          "Mount an Application or a Responder: a class with a public constructor without "
              + "arguments, or CLASS::FIELD, a public static field. May be repeated.")
  List<String> apps = new ArrayList<>();

  @Option(
      names = "--cgi",
      paramLabel = "PREFIX=PROGRAM",
      description = "Mount one CGI program: its path, without arguments. May be repeated.")
  List<String> programs = new ArrayList<>();

  @Option(
      names = "--cgi-dir",
      paramLabel = "PREFIX=DIR",
      description = "Mount a directory of CGI programs. May be repeated.")
  List<String> directories = new ArrayList<>();

  @Option(
      names = "--java-cgi",
      paramLabel = "PREFIX=PROGRAM",
      description =
          "Mount a Java CGI program that runs inside the server: a .jar, a .java file, or a "
              + "class on --classpath. It is not isolated from the server. May be repeated.")
  List<String> javaPrograms = new ArrayList<>();

  @Option(
      names = "--fcgi",
      paramLabel = "PREFIX=ADDRESS[,ROOT]",
      description =
          "Mount a FastCGI server. ADDRESS is HOST:PORT or unix:PATH. With ROOT, the path of "
              + "a request runs a script below ROOT, such as one in PHP. May be repeated.")
  List<String> fastCgi = new ArrayList<>();

  @Option(
      names = "--scgi",
      paramLabel = "PREFIX=ADDRESS",
      description = "Mount an SCGI server. ADDRESS is HOST:PORT or unix:PATH. May be repeated.")
  List<String> scgi = new ArrayList<>();

  @Option(
      names = "--files",
      paramLabel = "PREFIX=DIR",
      description =
          "Serve the files of a directory. The file of a program or script of another mount "
              + "is never sent. May be repeated.")
  List<String> files = new ArrayList<>();

  @Option(
      names = "--htpasswd",
      paramLabel = "FILE",
      description =
          "Admit only the users in this file, by basic authentication. Programs get "
              + "REMOTE_USER. Default: admit all.")
  @Nullable String htpasswd;

  @Option(
      names = "--wsgi",
      paramLabel = "PREFIX=FILE[:CALLABLE]",
      description =
          "Mount an application of WSGI (Python). It runs in worker processes. May be "
              + "repeated.")
  List<String> wsgi = new ArrayList<>();

  @Option(
      names = "--psgi",
      paramLabel = "PREFIX=FILE",
      description =
          "Mount an application of PSGI (Perl). It runs in worker processes. May be repeated.")
  List<String> psgi = new ArrayList<>();

  @Mixin HostingOptions hosting = new HostingOptions();

  @Option(
      names = "--lint",
      description =
          "Wrap SOURCE and each --app in Lint, which checks both sides of each call. Not for "
              + "production.")
  boolean lint;

  @Override
  public Integer call() throws Exception {
    Logs.quiet();
    // A certificate may be read, and applications may be made, for long. A signal that comes
    // meanwhile is handled after that. Its own action would end the JVM.
    Signals signals = check ? null : Signals.install(config != null);
    Configuration configuration = new Configuration(this);
    configuration.read();
    ServerOptions options = configuration.server();
    Configuration.Settings settings = configuration.settings();
    List<Listener> listeners = settings.listeners();
    Tls tls = settings.tls();
    if (signals == null) {
      configuration.open().retire();
      out().println("postern: the configuration is right");
      return 0;
    }
    options.openErrorLog();
    try (LogFile access = options.openAccessLog();
        Sites sites = new Sites(open(configuration));
        WebServer web =
            Address.open(
                listeners,
                tls,
                options.proxyProtocol,
                new AccessLog(
                    served(options, configuration, sites),
                    access,
                    settings.format(),
                    options.accessQuery,
                    configuration.board(),
                    settings.proxies()),
                ServeCommand.class.getClassLoader())) {
      Logs.timed();
      for (int i = 0; i < listeners.size(); i++) {
        out().println("postern: listening on " + listeners.get(i).shown(tls != null, web.port(i)));
      }
      serve(configuration, sites, signals, tls, access);
    }
    return 0;
  }

  /**
   * Returns what answers the requests. With {@code --dev} it loads changed files first, and shows a
   * page about what went wrong.
   */
  private static Application served(
      ServerOptions options, Configuration configuration, Sites sites) {
    return options.dev
        ? new ErrorPage(new DevSites(configuration, sites), RequestMark::currentRun)
        : sites;
  }

  private Site open(Configuration configuration) {
    Site site = configuration.open();
    if (site.isEmpty()) {
      err().println("postern: nothing is mounted, each request will be 404: see --app and --cgi");
    }
    return site;
  }

  /** Handles signals and changed files. Returns when the process is to stop. */
  private void serve(
      Configuration configuration,
      Sites sites,
      Signals signals,
      @Nullable Tls tls,
      @Nullable LogFile access)
      throws InterruptedException {
    while (true) {
      Signals.Wish wish = watch || tls != null ? signals.await(WATCH_MILLIS) : signals.await();
      if (tls != null) {
        tls.reload();
      }
      if (wish == Signals.Wish.STOP) {
        return;
      }
      if (wish == Signals.Wish.REOPEN) {
        Logs.reopen();
        if (access != null) {
          access.reopen();
        }
      }
      if (wish == Signals.Wish.RELOAD || wish == null && watch && configuration.hasChanged()) {
        reload(configuration, sites);
      }
    }
  }

  /**
   * Reads the configuration again. If it is wrong, this logs the mistake, and the old one stays.
   */
  static void reload(Configuration configuration, Sites sites) {
    try {
      synchronized (configuration) {
        sites.replace(configuration.reopen());
      }
      Logs.own("postern: the configuration was read again");
    } catch (Throwable e) {
      Logs.own("postern: the old configuration stays: " + LauncherException.reason(e));
    }
  }

  /**
   * Returns the command with these arguments. If an option can have only one value, a later
   * argument overrides an earlier one.
   *
   * @throws LauncherException when they are wrong
   */
  static ServeCommand parse(List<String> arguments) {
    ServeCommand command = new ServeCommand();
    CommandLine line = new CommandLine(command);
    line.setOverwrittenOptionsAllowed(true);
    line.setExpandAtFiles(false);
    try {
      line.parseArgs(arguments.toArray(new String[0]));
    } catch (ParameterException e) {
      throw PosternCommand.badArgument(e);
    }
    return command;
  }

  /**
   * Adds what the command line mounts to a table.
   *
   * @param hidden the mounts of programs add their programs
   * @param sources is told of each mount
   * @param page what answers for a directory of {@code --files}; null for index.html
   */
  void mount(
      Map<String, Application> routes,
      ApplicationLoader loader,
      Programs hosted,
      HiddenFiles hidden,
      Sources sources,
      @Nullable String page) {
    Middleware door = door();
    Mounting mounting =
        (option, form, texts, maker) -> {
          for (String text : texts) {
            Mount mount = Mount.parse(option, form, text);
            checkFree(routes, mount.prefix());
            Application application = maker.apply(mount);
            sources.host(application);
            Application guarded = door == null ? application : door.wrap(application);
            routes.put(mount.prefix(), sources.mounted(mount.prefix(), guarded));
          }
        };
    Mounting hiding =
        (option, form, texts, maker) ->
            mounting.mount(
                option,
                form,
                texts,
                mount -> {
                  hidden.addProgram(fileOf(option, mount.value()));
                  return maker.apply(mount);
                });
    mounting.mount("--app", "PREFIX=CLASS", apps, mount -> app(loader.load(mount.value())));
    hiding.mount(
        "--cgi",
        "PREFIX=PROGRAM",
        programs,
        mount -> hosted.program("--cgi", mount.prefix(), mount.value()));
    hiding.mount(
        "--java-cgi",
        "PREFIX=PROGRAM",
        javaPrograms,
        mount -> hosted.javaProgram(mount.value(), ApplicationLoader.entries(classpath)));
    hiding.mount(
        "--wsgi",
        "PREFIX=FILE[:CALLABLE]",
        wsgi,
        mount -> hosted.wsgi(mount.prefix(), mount.value()));
    hiding.mount(
        "--psgi", "PREFIX=FILE", psgi, mount -> hosted.psgi(mount.prefix(), mount.value()));
    hiding.mount(
        "--cgi-dir",
        "PREFIX=DIR",
        directories,
        mount -> hosted.directory("--cgi-dir", mount.prefix(), mount.value()));
    mounting.mount(
        "--fcgi",
        "PREFIX=ADDRESS[,ROOT]",
        fastCgi,
        mount -> {
          hidden.addScripts(Programs.fastCgiRoot(mount.value()));
          return hosted.fastCgi(mount.value());
        });
    mounting.mount("--scgi", "PREFIX=ADDRESS", scgi, mount -> hosted.scgi(mount.value()));
    mounting.mount(
        "--files",
        "PREFIX=DIR",
        files,
        mount -> new StaticFiles(Values.directory("--files", mount.value()), page, hidden));
  }

  /** Mounts an application for each value of an option. */
  private interface Mounting {
    void mount(String option, String form, List<String> texts, Function<Mount, Application> maker);
  }

  /** Wraps an application in Lint if the user asked for that. */
  Application app(Application application) {
    return lint ? Lint.of().wrap(application) : application;
  }

  /** Puts an application behind the check of {@code --htpasswd}, if there is one. */
  Application guarded(Application application) {
    Middleware door = door();
    return door == null ? application : door.wrap(application);
  }

  /** Returns the file or directory of a program; null for a class on the class path. */
  private static @Nullable String fileOf(String option, String value) {
    return switch (option) {
      case "--java-cgi" -> Programs.isJavaFile(value) ? value : null;
      case "--wsgi" -> Programs.wsgiFile(value);
      default -> value;
    };
  }

  /** Returns what asks for a name and a password; null if nothing does. */
  private @Nullable Middleware door() {
    if (htpasswd == null) {
      return null;
    }
    try {
      return BasicAuth.of("postern", Htpasswd.of(Values.path("FILE of --htpasswd", htpasswd)));
    } catch (FileSystemException e) {
      throw Values.unreadable("--htpasswd", htpasswd);
    } catch (IOException e) {
      // An exception of Htpasswd says which line is wrong. One of the JDK says nothing of a line.
      String reason = e.getClass() == IOException.class ? ": " + e.getMessage() : "";
      throw LauncherException.badArgument(
          "FILE of --htpasswd must be a file of users: \"" + htpasswd + "\"" + reason);
    }
  }

  /** Returns how many mounts host programs that count for the limit of processes. */
  int hosting() {
    return programs.size()
        + directories.size()
        + wsgi.size()
        + psgi.size()
        + javaPrograms.size()
        + fastCgi.size()
        + scgi.size();
  }

  /** Refuses a prefix at which another application is mounted. */
  static void checkFree(Map<String, Application> routes, String prefix) {
    if (routes.containsKey(prefix)) {
      throw LauncherException.badArgument(
          "PREFIX must be given once: \"" + (prefix.isEmpty() ? "/" : prefix) + "\"");
    }
  }

  /** Returns what picocli has read from the arguments. */
  ParseResult parsed() {
    return java.util.Objects.requireNonNull(spec).commandLine().getParseResult();
  }

  private PrintWriter out() {
    return java.util.Objects.requireNonNull(spec).commandLine().getOut();
  }

  private PrintWriter err() {
    return java.util.Objects.requireNonNull(spec).commandLine().getErr();
  }
}
