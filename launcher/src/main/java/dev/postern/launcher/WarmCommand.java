package dev.postern.launcher;

import static java.util.Objects.requireNonNull;

import dev.postern.cgi.install.WarmProcess;
import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern warm} shows or ends the servers behind warm executables. */
@Command(
    name = "warm",
    description = {
      "List or end the servers of warm executables.",
      "A warm server is the JVM of an executable that postern install --warm has written. Give "
          + "either --list or --stop."
    },
    sortOptions = false)
final class WarmCommand implements Callable<Integer> {
  /**
   * How long to wait for a server to end. The server cancels its requests and waits a second for
   * them.
   */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--list",
      description =
          "Print a line for each server: process, user, executable with the number of its "
              + "installation, age in seconds.")
  boolean list;

  @Option(
      names = "--stop",
      description =
          "End the servers and cancel their requests. Waits up to 10 seconds for each. The "
              + "next request starts a new server.")
  boolean stop;

  @Parameters(
      index = "0",
      paramLabel = "DIR",
      description = "The directory --lib of postern install.")
  String directory = "";

  @Override
  public Integer call() {
    if (list == stop) {
      throw LauncherException.badArgument("warm must have either --list or --stop");
    }
    List<WarmProcess> servers = servers();
    if (servers.isEmpty()) {
      err().println("postern: no warm server of " + directory + " is running");
    }
    boolean ended = true;
    for (WarmProcess server : servers) {
      if (list) {
        out().println(line(server));
      } else {
        ended &= stop(server);
      }
    }
    return ended ? 0 : 1;
  }

  private List<WarmProcess> servers() {
    try {
      Path path = Path.of(directory);
      if (!Files.isDirectory(path)) {
        throw LauncherException.badArgument(
            "DIR of warm must be a directory: \"" + directory + "\"");
      }
      return WarmProcess.of(path);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument("not a path: " + e.getMessage());
    } catch (IOException e) {
      throw LauncherException.failed(String.valueOf(e.getMessage()));
    }
  }

  private boolean stop(WarmProcess server) {
    if (server.stop(LIMIT)) {
      out().println("stopped " + line(server));
      return true;
    }
    err().println("postern: cannot stop " + line(server));
    return false;
  }

  private static String line(WarmProcess server) {
    String user = server.user().isEmpty() ? "?" : server.user();
    long age = Math.max(0, Duration.between(server.started(), Instant.now()).toSeconds());
    return server.pid() + " " + user + " " + server.name() + " " + age;
  }

  private PrintWriter out() {
    return requireNonNull(spec).commandLine().getOut();
  }

  private PrintWriter err() {
    return requireNonNull(spec).commandLine().getErr();
  }
}
