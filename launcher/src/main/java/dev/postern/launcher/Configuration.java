package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.cgi.ProcessLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What {@code serve} was told, by its arguments and by its file. What the arguments say of the
 * server counts more than the file's top; what a mount says of itself counts more than both. Used
 * by one thread.
 */
final class Configuration {
  private final ServeCommand arguments;
  private final ServeWords vocabulary = new ServeWords();
  private final @Nullable Path path;

  private @Nullable ConfigFile file;
  private ServeCommand all;
  private List<String> defaults = List.of();
  private @Nullable Object seen;

  /**
   * @throws LauncherException when the file's name is none
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
   * @throws LauncherException when it is wrong; what was read before stays then
   */
  void read() {
    if (path == null) {
      return;
    }
    seen = state(path);
    ConfigFile next = ConfigFile.read(path);
    List<String> own = vocabulary.words(arguments.parsed());
    ServeCommand together;
    try {
      together = ServeWords.parse(vocabulary.merged(next.top().words(), own));
    } catch (LauncherException e) {
      throw next.top().told(e);
    }
    file = next;
    all = together;
    defaults = vocabulary.defaults(together.parsed());
  }

  /** Whether the file is another one than was read last. */
  boolean hasChanged() {
    return path != null && !state(path).equals(seen);
  }

  /** What changes when a file is rewritten or replaced. */
  static Object state(Path path) {
    try {
      BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
      return List.of(now.lastModifiedTime(), now.size(), String.valueOf(now.fileKey()));
    } catch (IOException e) {
      return "absent";
    }
  }

  /** The options of the server. */
  ServerOptions server() {
    return all.server;
  }

  /**
   * Makes all applications.
   *
   * @throws LauncherException when one cannot be made; those that were made are closed then
   */
  Site open() {
    Map<String, Application> routes = new LinkedHashMap<>();
    Thread thread = Thread.currentThread();
    ClassLoader own = thread.getContextClassLoader();
    try {
      ApplicationLoader loader = ApplicationLoader.of(all.classpath);
      open(routes, loader);
      return new Site(routes, loader.classLoader());
    } catch (RuntimeException e) {
      new Site(routes, Configuration.class.getClassLoader()).retire();
      throw e;
    } finally {
      // Constructors of applications have theirs; the server finds its own services by this one.
      thread.setContextClassLoader(own);
    }
  }

  private void open(Map<String, Application> routes, ApplicationLoader loader) {
    List<ConfigFile.Section> mounts = file == null ? List.of() : file.mounts();
    Set<Path> hidden = ConcurrentHashMap.newKeySet();
    ProcessLimit places;
    Programs common;
    int atOnce;
    try {
      places = all.hosting.places();
      atOnce = all.hosting() + mounts.size() > 1 ? all.hosting.maxProcesses() : 0;
      common = all.hosting.programs(places, atOnce);
    } catch (LauncherException e) {
      throw file == null ? e : file.top().told(e);
    }
    routes.putAll(all.routes(loader, common, hidden));
    if (file == null) {
      common.checkMatched();
    }
    for (ConfigFile.Section mount : mounts) {
      try {
        ServeCommand one = ServeWords.parse(vocabulary.merged(defaults, mount.words()));
        boolean own = mount.has("--max-processes") || mount.has("--queue");
        Programs hosted = own ? one.hosting.programs(false) : one.hosting.programs(places, atOnce);
        ApplicationLoader classes =
            mount.has("--classpath") ? ApplicationLoader.of(one.classpath) : loader;
        one.routes(classes, hosted, hidden)
            .forEach((prefix, application) -> ServeCommand.add(routes, prefix, application));
      } catch (LauncherException e) {
        throw mount.told(e);
      }
    }
  }
}
