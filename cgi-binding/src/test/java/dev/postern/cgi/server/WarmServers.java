package dev.postern.cgi.server;

import dev.postern.process.ProcessTable;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
    List<ProcessHandle> servers = of(library);
    servers.forEach(ProcessHandle::destroyForcibly);
    long start = System.nanoTime();
    // They are no children: ProcessHandle.onExit would look for them once a second.
    while (servers.stream().anyMatch(ProcessTable::isRunning)) {
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(SECONDS)) {
        throw new AssertionError("servers must end: " + servers);
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
