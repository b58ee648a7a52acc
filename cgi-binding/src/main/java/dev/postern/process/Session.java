package dev.postern.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The session and process group of one hosted program, which {@code setsid} made it the leader of.
 * Signals go to it only while that is provable: the leader is our unreaped child, or /proc shows a
 * live member. While there is a member the kernel gives the number to nobody else.
 *
 * <p>Where there is no {@code setsid} or no /proc, the program's descendants as the JDK sees them
 * take the group's place.
 */
final class Session {
  private static final Path PROC = Path.of("/proc");
  private static final Path SHELL = Path.of("/bin/sh");
  private static final @Nullable String SETSID = findSetsid();
  private static final long SIGNAL_SECONDS = 5;

  private final Process leader;

  Session(Process leader) {
    this.leader = leader;
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

  /** Whether a program can be ended together with all that it started. */
  static boolean isSupported() {
    return SETSID != null && Files.isDirectory(PROC.resolve("self"));
  }

  /** Asks the program and all of its session to end. */
  void terminate() {
    if (!isSupported()) {
      leader.descendants().forEach(ProcessHandle::destroy);
    }
    if (!signal("TERM")) {
      leader.destroy();
    }
  }

  /** Ends the program and all of its session. */
  void kill() {
    if (isSupported()) {
      signal("KILL");
    } else {
      leader.descendants().forEach(ProcessHandle::destroyForcibly);
    }
    leader.destroyForcibly();
  }

  /** Whether anything of the session still runs. */
  boolean isAlive() {
    return leader.isAlive() || isSupported() && !members().isEmpty();
  }

  /**
   * Whether the leader is ending: it has closed its files already, and its exit status will be
   * there in a moment. {@code flags} bit 2 is the kernel's PF_EXITING.
   */
  boolean isExiting() {
    Stat stat = Stat.read(PROC.resolve(Long.toString(leader.pid())));
    return stat == null || stat.isDead() || (stat.flags() & 4) != 0;
  }

  /**
   * Signals the leader's process group, and each member of the session that has made a group of its
   * own.
   *
   * @return false when there is nobody to signal: all have ended, or {@code setsid} has not run yet
   */
  private boolean signal(String name) {
    Set<String> targets = new LinkedHashSet<>();
    for (Stat member : isSupported() ? members() : List.<Stat>of()) {
      targets.add(Long.toString(member.group() == leader.pid() ? -leader.pid() : member.pid()));
    }
    if (targets.isEmpty()) {
      return false;
    }
    List<String> command =
        new ArrayList<>(List.of(SHELL.toString(), "-c", "kill -s \"$@\"", "sh", name, "--"));
    command.addAll(targets);
    try {
      Process kill =
          new ProcessBuilder(command)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      kill.getOutputStream().close();
      if (!kill.waitFor(SIGNAL_SECONDS, TimeUnit.SECONDS)) {
        kill.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      System.getLogger(Session.class.getName())
          .log(System.Logger.Level.WARNING, "no signal could be sent to a program's group", e);
      return false;
    }
    return true;
  }

  /** The live members of the session, zombies left out. */
  private List<Stat> members() {
    List<Stat> members = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        Stat stat = Stat.read(process);
        if (stat != null && stat.session() == leader.pid() && !stat.isDead()) {
          members.add(stat);
        }
      }
    } catch (IOException e) {
      // A process table that cannot be read has nobody that could be signalled safely.
      return List.of();
    }
    return members;
  }

  private static @Nullable String findSetsid() {
    for (String path : List.of("/usr/bin/setsid", "/bin/setsid")) {
      if (Files.isExecutable(Path.of(path))) {
        return path;
      }
    }
    return null;
  }

  /**
   * What /proc/PID/stat tells (proc(5)): {@code pid (comm) state ppid pgrp session tty tpgid flags
   * ...}.
   */
  private record Stat(long pid, char state, long group, long session, long flags) {
    static @Nullable Stat read(Path process) {
      try {
        String text = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
        String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ", 8);
        return new Stat(
            Long.parseLong(text.substring(0, text.indexOf(' '))),
            fields[0].charAt(0),
            Long.parseLong(fields[2]),
            Long.parseLong(fields[3]),
            Long.parseLong(fields[6]));
      } catch (IOException | RuntimeException e) {
        // It has ended meanwhile.
        return null;
      }
    }

    boolean isDead() {
      return state == 'Z' || state == 'X';
    }
  }
}
