package dev.postern.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A session that {@code setsid} makes and {@code kill} ends. Without {@code setsid} or /proc, the
 * program's descendants, as the JDK sees them, take the place of the session.
 */
final class PortableSession extends Session {
  private static final Path SHELL = Path.of("/bin/sh");
  private static final @Nullable String SETSID = findSetsid();
  private static final boolean SUPPORTED = SETSID != null && ProcessTable.isPresent();
  private static final long SIGNAL_SECONDS = 5;

  /** A start time that no process has. */
  private static final long UNKNOWN = -1;

  private final Process process;

  /**
   * When the program began. After the JDK has reaped the program, another process may have its
   * number.
   */
  private final long start;

  /**
   * Used to signal the program. {@link Process#destroy} also closes the streams while other threads
   * read and write them. The next read or write would go to whatever file has the descriptor's
   * number by then.
   */
  private final ProcessHandle handle;

  PortableSession(Process process) {
    super(process.pid());
    this.process = process;
    this.handle = process.toHandle();
    this.start = process instanceof ForkedProcess child ? child.start() : startOf(process);
  }

  private static long startOf(Process process) {
    ProcessTable.Entry entry = SUPPORTED ? ProcessTable.of(process.pid()) : null;
    return entry != null && process.isAlive() ? entry.start() : UNKNOWN;
  }

  /** The command that runs {@code command} as the leader of a session of its own. */
  static List<String> command(List<String> command) {
    if (SETSID == null) {
      return command;
    }
    List<String> prefixed = new ArrayList<>(command.size() + 1);
    prefixed.add(SETSID);
    prefixed.addAll(command);
    return prefixed;
  }

  static boolean isSupported() {
    return SUPPORTED;
  }

  /** Whether the leader has ended while other processes of its session live. */
  static boolean hasLeftOthers(Process leader) {
    if (leader.isAlive() || !SUPPORTED) {
      return false;
    }
    List<ProcessTable.Entry> others = ProcessTable.session(leader.pid());
    return others != null && !others.isEmpty();
  }

  @Override
  boolean isLeaderAlive() {
    return process.isAlive();
  }

  /**
   * A worker outlives its requests, so for a worker this tells whether it still works on this one.
   */
  @Override
  boolean isAlive() {
    return process.isAlive() || !(process instanceof WorkerTurn) && !members().isEmpty();
  }

  /**
   * The members that can be signalled safely. If the leader's number is another program's now, all
   * members have ended, and this is empty. It is also empty if the process table cannot be read.
   */
  private List<ProcessTable.Entry> members() {
    if (!SUPPORTED) {
      return List.of();
    }
    List<ProcessTable.Entry> members = ProcessTable.session(leader());
    if (members == null || members.isEmpty()) {
      return List.of();
    }
    ProcessTable.Entry holder = ProcessTable.of(leader());
    return holder != null && holder.start() != start ? List.of() : members;
  }

  @Override
  void terminate() {
    if (process instanceof WorkerTurn) {
      // Its output is closed. A worker sees that and goes on; a worker that hangs is killed later.
      return;
    }
    if (!SUPPORTED) {
      process.descendants().forEach(ProcessHandle::destroy);
    }
    if (!signal("TERM", ProcessHandle::destroy)) {
      handle.destroy();
    }
  }

  @Override
  void kill() {
    if (process instanceof PipedProcess piped && !piped.child.claim()) {
      return;
    }
    try {
      if (SUPPORTED) {
        signal("KILL", ProcessHandle::destroyForcibly);
      } else {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
      }
    } finally {
      handle.destroyForcibly();
    }
  }

  /**
   * Signals the leader's process group, and each member of the session that has made a group of its
   * own.
   *
   * @param single does the same for one process, for a system that has no room for {@code kill}
   * @return false when there is nobody to signal: all have ended, or {@code setsid} has not run yet
   */
  private boolean signal(String name, Consumer<ProcessHandle> single) {
    List<ProcessTable.Entry> members = members();
    Set<String> targets = new LinkedHashSet<>();
    for (ProcessTable.Entry member : members) {
      targets.add(Long.toString(member.group() == leader() ? -leader() : member.pid()));
    }
    if (targets.isEmpty()) {
      return false;
    }
    List<String> command =
        new ArrayList<>(List.of(SHELL.toString(), "-c", "kill -s \"$@\"", "sh", name, "--"));
    command.addAll(targets);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    try {
      Process kill = Headroom.start(builder);
      kill.getOutputStream().close();
      if (!kill.waitFor(SIGNAL_SECONDS, TimeUnit.SECONDS)) {
        kill.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | OutOfMemoryError e) {
      // The system has no room for a process, or for the JDK's thread that waits for it.
      for (ProcessTable.Entry member : members) {
        ProcessHandle.of(member.pid()).ifPresent(single);
      }
    }
    return true;
  }

  private static @Nullable String findSetsid() {
    for (String path : List.of("/usr/bin/setsid", "/bin/setsid")) {
      if (Files.isExecutable(Path.of(path))) {
        return path;
      }
    }
    return null;
  }
}
