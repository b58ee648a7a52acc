package dev.postern.cgi.server;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The servers behind warm executables, found by the library directory that is theirs alone. */
public final class WarmServers {
  private static final long SECONDS = 60;

  private WarmServers() {}

  /** Those that run now. */
  public static List<ProcessHandle> of(Path library) {
    String run = library.resolve("run").toString();
    return ProcessHandle.allProcesses()
        .filter(
            process ->
                process.info().arguments().stream()
                    .flatMap(Stream::of)
                    .anyMatch(argument -> argument.startsWith(run)))
        .toList();
  }

  /** Ends them, and waits for that. */
  public static void end(Path library) {
    for (ProcessHandle server : of(library)) {
      server.destroyForcibly();
      server.onExit().orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }
  }
}
