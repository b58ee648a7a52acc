package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Checks before each request whether a class, the source file or the configuration has changed, and
 * loads everything again if so. A request that comes after a change therefore sees it. While the
 * changed files cannot be loaded, requests fail and say why. Thread-safe.
 */
final class DevSites implements Application {
  private final Configuration configuration;
  private final Sites sites;
  private Object seen;

  /** Why the last try failed; null if it did not. */
  private @Nullable String broken;

  DevSites(Configuration configuration, Sites sites) {
    this.configuration = configuration;
    this.sites = sites;
    this.seen = state();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    refresh();
    return sites.call(environ, startResponse);
  }

  private void refresh() {
    synchronized (configuration) {
      Object now = state();
      if (!now.equals(seen)) {
        try {
          sites.replace(configuration.reopen());
        } catch (Throwable e) {
          String reason = LauncherException.reason(e);
          if (!reason.equals(broken)) {
            Logs.own("postern: what has changed cannot be loaded: " + reason);
          }
          broken = reason;
          throw new IllegalStateException(reason, e);
        }
        seen = now;
        broken = null;
        Logs.own("postern: what has changed was loaded again");
      }
    }
  }

  /** Returns the state of all files that classes and configuration come from. */
  private Object state() {
    List<Object> states = new ArrayList<>();
    for (Path path : configuration.sources()) {
      states.add(path);
      states.add(Configuration.state(path));
      if (Files.isDirectory(path)) {
        addTree(states, path);
      }
    }
    return states;
  }

  private static void addTree(List<Object> states, Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      files
          .filter(Files::isRegularFile)
          .sorted()
          .forEach(
              file -> {
                states.add(file);
                states.add(Configuration.state(file));
              });
    } catch (IOException | java.io.UncheckedIOException e) {
      // The directory is changing just now, so make the next request look again.
      states.add(new Object());
    }
  }
}
