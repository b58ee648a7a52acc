package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.cgi.ProcessLimit;
import dev.postern.launcher.config.ConfigFile;
import dev.postern.launcher.config.Vocabulary;
import dev.postern.launcher.dev.SourceFile;
import dev.postern.launcher.hosting.HostedSite;
import dev.postern.launcher.hosting.Programs;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.status.Sources;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import dev.postern.launcher.workers.WorkerGroups;
import dev.postern.web.TrustedProxies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * The settings of {@code serve}, from its arguments and its configuration file. An argument for the
 * server overrides the top of the file. A setting of a mount overrides both. Used by one thread.
 */
final class Configuration {
  private final ServeCommand arguments;
  private final Vocabulary vocabulary =
      new Vocabulary(new CommandLine(new ServeCommand()).getCommandSpec());
  private final @Nullable Path path;
  private final Board board = new Board();

  private @Nullable ConfigFile file;
  private ServeCommand all;

  /** The first reading, whose options of the server hold until its end; null before it. */
  private @Nullable ServeCommand first;

  private List<String> defaults = List.of();
  private @Nullable Object seen;

  /**
   * @throws LauncherException when {@code --config} names no file, or {@code --watch} comes without
   *     it
   */
  Configuration(ServeCommand arguments) {
    this.arguments = arguments;
    this.all = arguments;
    try {
      path = arguments.config == null ? null : Path.of(arguments.config);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument("FILE of --config must name a file");
    }
    if (path == null && arguments.watch) {
      throw LauncherException.badArgument("--watch must come with --config");
    }
  }

  /**
   * Reads the file, if there is one.
   *
   * @throws LauncherException when the file is wrong; the settings stay as they were before
   */
  void read() {
    if (path == null) {
      return;
    }
    seen = state(path);
    ConfigFile next = ConfigFile.read(path, vocabulary);
    List<String> own = vocabulary.words(arguments.parsed());
    ServeCommand together;
    try {
      together = ServeCommand.parse(vocabulary.merged(next.top().words(), own));
    } catch (LauncherException e) {
      throw next.top().toldUnless(vocabulary.names(arguments.parsed()), e);
    }
    file = next;
    all = together;
    first = first == null ? together : first;
    defaults = vocabulary.defaults(together.parsed());
  }

  /** Returns whether the file has changed since it was last read. */
  boolean hasChanged() {
    return path != null && !state(path).equals(seen);
  }

  /** Returns a value that changes when a file is rewritten or replaced. */
  static Object state(Path path) {
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      return List.of(now.lastModifiedTime(), now.size(), String.valueOf(now.fileKey()));
    } catch (IOException e) {
      return "absent";
    }
  }

  /** Returns the counts of the server, which stay when the file is read again. */
  Board board() {
    return board;
  }

  /** Returns the options of the server. */
  ServerOptions server() {
    return all.server;
  }

  /** What holds for the server from its start to its end. */
  record Settings(
      List<Listener> listeners,
      AccessLog.Format format,
      @Nullable Tls tls,
      @Nullable TrustedProxies proxies) {}

  /**
   * Checks the options of the server, and returns what they say.
   *
   * @throws LauncherException when one is wrong
   */
  Settings settings() {
    Settings settings =
        new Settings(
            server(ServerOptions::listeners),
            server(ServerOptions::accessFormat),
            server(ServerOptions::tls),
            server(ServerOptions::proxies));
    server(
        own -> {
          own.checkLogs();
          return own;
        });
    return settings;
  }

  /**
   * Reads a value from some options of the server.
   *
   * @throws LauncherException when they are wrong; if they stand in the file, it names file, line
   *     and key
   */
  private <T extends @Nullable Object> T server(Function<ServerOptions, T> reader) {
    try {
      return reader.apply(all.server);
    } catch (LauncherException e) {
      throw told(e);
    }
  }

  /** Adds file, line and key to a failure about the top of the file. */
  private LauncherException told(LauncherException e) {
    return file == null ? e : file.top().toldUnless(vocabulary.names(arguments.parsed()), e);
  }

  /**
   * Reads the file again, and makes all applications. Logs which changes wait for a restart.
   *
   * @throws LauncherException when a server could not start with the file
   */
  Site reopen() {
    read();
    settings();
    Site site = open();
    if (first != null) {
      for (String option : vocabulary.changed(first.parsed(), all.parsed())) {
        Logs.own("postern: " + option + " needs a restart");
      }
    }
    return site;
  }

  /**
   * Makes all applications.
   *
   * @throws LauncherException when one cannot be made; those that were made before are closed
   */
  Site open() {
    return new Opening(board.open()).open();
  }

  private static Path source(String text) {
    Path file = Values.path("SOURCE", text);
    if (!text.endsWith(".java")) {
      String other =
          Files.isDirectory(file)
              ? ": see --cgi-dir and --files"
              : Files.isExecutable(file) ? ": see --cgi" : "";
      throw LauncherException.badArgument("SOURCE must be a .java file: \"" + text + "\"" + other);
    }
    if (!Files.isRegularFile(file)) {
      throw LauncherException.badArgument("SOURCE must exist: \"" + text + "\"");
    }
    return file;
  }

  /** Returns the files and directories that applications and options are read from. */
  List<Path> sources() {
    List<Path> sources = new ArrayList<>();
    if (path != null) {
      sources.add(path);
    }
    if (arguments.source != null) {
      sources.add(Path.of(arguments.source));
    }
    if (all.classpath != null) {
      ApplicationLoader.files(all.classpath).forEach(file -> sources.add(file.toPath()));
    }
    return sources;
  }

  /** Stands for the whole site in its own parts, as they are made before the site exists. */
  private static final class SiteReference implements Application {
    private volatile @Nullable Site site;

    void set(Site whole) {
      site = whole;
    }

    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      return Objects.requireNonNull(site).call(environ, startResponse);
    }
  }

  /** Makes one site. */
  private final class Opening {
    private final Sources sources;
    private final Map<String, Application> routes = new LinkedHashMap<>();
    private final WorkerGroups groups = new WorkerGroups();
    private final List<ClassLoader> loaders = new ArrayList<>();
    private final HiddenFiles hidden = new HiddenFiles();
    private final SiteReference whole = new SiteReference();
    private final HostedSite shared = new HostedSite(whole, groups, all.server::watch);

    Opening(Sources sources) {
      this.sources = sources;
    }

    Site open() {
      Thread thread = Thread.currentThread();
      ClassLoader own = thread.getContextClassLoader();
      try {
        ApplicationLoader loader = common();
        groups.all().forEach(sources::group);
        addStatus();
        Site site = new Site(routes, loader.classLoader(), loaders, groups, sources);
        whole.set(site);
        sources.serve();
        return site;
      } catch (Throwable e) {
        new Site(routes, own, loaders, groups, sources).retire();
        throw e;
      } finally {
        // Constructors of applications ran with the applications' class loader. The server finds
        // its own services by this one.
        thread.setContextClassLoader(own);
      }
    }

    private ApplicationLoader opened(ApplicationLoader loader) {
      loaders.add(loader.classLoader());
      return loader;
    }

    /** Adds what holds for all mounts, and then the mounts. Returns the loader of their classes. */
    private ApplicationLoader common() {
      List<ConfigFile.Section> mounts = file == null ? List.of() : file.mounts();
      ApplicationLoader loader;
      ProcessLimit places;
      Programs hosted;
      int atOnce;
      try {
        loader = opened(ApplicationLoader.of(all.classpath));
        if (arguments.source != null) {
          loader = compiled(source(arguments.source), loader);
        }
        places = all.hosting.places();
        atOnce = all.hosting() + mounts.size() > 1 ? all.hosting.maxProcesses() : 0;
        hosted = all.hosting.programs(shared, places, atOnce);
        sources.places("all", places);
        all.mount(routes, loader, hosted, hidden, sources, null);
      } catch (LauncherException e) {
        throw told(e);
      }
      hosted.javaPrograms().forEach(sources::inside);
      Set<String> unmatched = new LinkedHashSet<>(hosted.unmatched());
      for (ConfigFile.Section mount : mounts) {
        try {
          unmatched.retainAll(mount(mount, loader, places, atOnce));
        } catch (LauncherException e) {
          LauncherException told = mount.toldUnless(Set.of(), e);
          told = told == e ? told(e) : told;
          throw told == e ? mount.told(e) : told;
        }
      }
      for (String wrong : unmatched) {
        throw told(LauncherException.badArgument(wrong));
      }
      return loader;
    }

    private ApplicationLoader compiled(Path source, ApplicationLoader parent) {
      hidden.addProgram(source.toString());
      SourceFile compiled = SourceFile.compile(source, parent.classLoader(), all.classpath);
      Thread.currentThread().setContextClassLoader(compiled.loader());
      Application application = all.guarded(all.app(compiled.application()));
      routes.put("", sources.mounted("", application));
      return ApplicationLoader.in(compiled.loader());
    }

    /** Adds a mount. Returns messages about globs from the top that match none of its programs. */
    private Set<String> mount(
        ConfigFile.Section mount, ApplicationLoader loader, ProcessLimit places, int atOnce) {
      ServeCommand one = ServeCommand.parse(mount.over(defaults));
      boolean own = mount.has("--max-processes") || mount.has("--queue");
      ProcessLimit limit = own ? one.hosting.places() : places;
      Programs hosted = one.hosting.programs(shared, limit, own ? 0 : atOnce);
      if (own) {
        sources.places(mount.prefix(), limit);
      }
      ApplicationLoader classes =
          mount.has("--classpath") ? opened(ApplicationLoader.ofMount(one.classpath)) : loader;
      // The index at the top is a program.
      String page = mount.has("--index") ? one.hosting.index() : null;
      one.mount(routes, classes, hosted, hidden, sources, page);
      hosted.javaPrograms().forEach(sources::inside);
      Set<String> unmatched = hosted.unmatched();
      for (String wrong : unmatched) {
        if (mount.has(wrong.contains("--warm") ? "--warm" : "--delegate")) {
          throw LauncherException.badArgument(wrong);
        }
      }
      return unmatched;
    }

    private void addStatus() {
      String prefix = server(ServerOptions::statusPrefix);
      if (prefix != null) {
        Application page = server(options -> options.statusPage(board));
        ServeCommand.checkFree(routes, prefix);
        routes.put(prefix, board.own(all.guarded(page)));
      }
    }
  }
}
