package dev.postern.launcher.hosting;

import dev.postern.cgi.Isolation;
import dev.postern.cgi.IsolationLevel;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that keep hosted programs apart, one for each part of {@link Isolation}. */
public final class IsolationOptions {
  @Option(
      names = "--user",
      paramLabel = "NAME",
      description = "Run programs as this user, with its groups. The server must run as root.")
  @Nullable String user;

  @Option(
      names = "--lowest-user",
      paramLabel = "N",
      description = "The lowest number that the id of --user may have. Default: 100.")
  @Nullable String lowestUser;

  @Option(
      names = "--require-level",
      paramLabel = "L0|L1|L2|L3|L4",
      description =
          "Do not start if programs are less isolated than at this level. Default: no check.")
  @Nullable String requiredLevel;

  @Option(
      names = "--cpu-time",
      paramLabel = "SECONDS",
      description =
          "The most processor time of each process of a program, in whole seconds. Default: "
              + "no limit.")
  @Nullable String cpuTime;

  @Option(
      names = "--memory",
      paramLabel = "BYTES",
      description = "The most address space of each process of a program. Default: no limit.")
  @Nullable String memory;

  @Option(
      names = "--file-size",
      paramLabel = "BYTES",
      description = "The largest file that a program can write. Default: no limit.")
  @Nullable String fileSize;

  @Option(
      names = "--open-files",
      paramLabel = "N",
      description = "The most open files of each process of a program. Default: no limit.")
  @Nullable String openFiles;

  @Option(
      names = "--processes",
      paramLabel = "N",
      description =
          "How many processes and threads the user of the programs may have beyond those that exist when a program starts. "
              + "Default: no limit.")
  @Nullable String processes;

  @Option(
      names = "--no-new-privileges",
      description = "Programs gain no rights by running set-user-ID and set-group-ID files.")
  boolean noNewPrivileges;

  @Option(
      names = "--end-with-server",
      description = "The kernel ends programs when the server is killed. Default: they run on.")
  boolean endWithServer;

  @Option(
      names = "--cgroup",
      paramLabel = "DIR",
      description = "Run each program in a control group of its own, below this delegated group.")
  @Nullable String cgroup;

  @Option(
      names = "--group-memory",
      paramLabel = "BYTES",
      description =
          "With --cgroup: the most memory of all processes of a run together. Default: no "
              + "limit.")
  @Nullable String groupMemory;

  @Option(
      names = "--group-processes",
      paramLabel = "N",
      description = "With --cgroup: the most processes and threads of a run. Default: no limit.")
  @Nullable String groupProcesses;

  @Option(
      names = "--namespaces",
      description =
          "Run each program in namespaces of its own: no network, no other processes, and few "
              + "files, all read-only. Needs bubblewrap.")
  boolean namespaces;

  @Option(
      names = "--readable",
      paramLabel = "PATH",
      description = "With --namespaces: one more path that programs can read. May be repeated.")
  List<String> readable = new ArrayList<>();

  @Option(
      names = "--hide-server",
      description =
          "Programs that run as the server's user cannot read the memory, the environment and "
              + "the files of the server.")
  boolean hideServer;

  /** The options of the parts that the user asked for. */
  private final List<String> asked = new ArrayList<>();

  /**
   * Returns what the user asked for; null for nothing.
   *
   * @throws LauncherException when a value is wrong, or this system cannot do it
   */
  @Nullable Isolation isolation() {
    Isolation.Builder builder = Isolation.builder();
    asked.clear();
    if (user != null) {
      asked.add("--user");
      String name = user;
      set("--lowest-user", lowestUser, n -> builder.lowestUser(number(n)));
      set("--user", () -> Isolation.builder().lowestUser(lowest()).user(name).build());
      builder.user(name);
    } else if (lowestUser != null) {
      throw LauncherException.badArgument("--lowest-user must come with --user");
    }
    if (cpuTime != null) {
      asked.add("--cpu-time");
      String seconds = cpuTime;
      set("--cpu-time", () -> builder.cpuTime(Values.seconds("--cpu-time", seconds)));
    }
    set("--memory", memory, builder::memory);
    set("--file-size", fileSize, builder::fileSize);
    set("--open-files", openFiles, n -> builder.openFiles(number(n)));
    set("--processes", processes, n -> builder.processes(number(n)));
    if (cgroup != null) {
      asked.add("--cgroup");
      builder.cgroup(Values.directory("--cgroup", cgroup));
    } else if (groupMemory != null || groupProcesses != null) {
      throw LauncherException.badArgument(
          (groupMemory != null ? "--group-memory" : "--group-processes")
              + " must come with --cgroup");
    }
    set("--group-memory", groupMemory, builder::groupMemory);
    set("--group-processes", groupProcesses, n -> builder.groupProcesses(number(n)));
    flag("--no-new-privileges", noNewPrivileges, builder::noNewPrivileges);
    flag("--end-with-server", endWithServer, builder::endWithServer);
    flag("--namespaces", namespaces, builder::namespaces);
    flag("--hide-server", hideServer, builder::hideServer);
    readable(builder);
    if (asked.isEmpty()) {
      return null;
    }
    try {
      return builder.build();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw LauncherException.badArgument(named(String.valueOf(e.getMessage())));
    }
  }

  /** Returns the options that the user gave, once {@link #isolation} has read them. */
  List<String> asked() {
    List<String> all = new ArrayList<>(asked);
    if (requiredLevel != null) {
      all.add("--require-level");
    }
    return all;
  }

  /** Adds the option in question to a message about what this system refuses. */
  static String named(String message) {
    for (String id : List.of("cgroup", "namespaces", "hide-server", "user")) {
      if (message.endsWith("[" + id + "]")) {
        return "--" + id + ": " + message;
      }
    }
    if (message.endsWith("[root]")) {
      return "--refuse-root: " + message;
    }
    if (message.startsWith("isolation must be at least")) {
      return "--require-level: " + message;
    }
    return message.endsWith("[helper]") && message.contains("bwrap")
        ? "--namespaces: " + message
        : "isolation: " + message;
  }

  private void flag(String option, boolean wanted, Runnable set) {
    if (wanted) {
      asked.add(option);
      set.run();
    }
  }

  private void readable(Isolation.Builder builder) {
    if (!readable.isEmpty() && !namespaces) {
      throw LauncherException.badArgument("--readable must come with --namespaces");
    }
    for (String text : readable) {
      if (!Files.exists(Values.path("--readable", text))) {
        throw LauncherException.badArgument("PATH of --readable must exist: \"" + text + "\"");
      }
      builder.readable(Values.path("--readable", text));
    }
  }

  private int lowest() {
    return lowestUser == null
        ? 100
        : (int) Values.number("--lowest-user", lowestUser, 1, Integer.MAX_VALUE);
  }

  private static int number(long value) {
    return (int) Math.min(value, Integer.MAX_VALUE);
  }

  private void set(String option, @Nullable String text, LongConsumer setter) {
    if (text != null) {
      asked.add(option);
      long value = Values.number(option, text, 1, Long.MAX_VALUE);
      set(option, () -> setter.accept(value));
    }
  }

  private static void set(String option, Runnable setter) {
    try {
      setter.run();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw LauncherException.badArgument(option + ": " + e.getMessage());
    }
  }

  /**
   * Returns the least level; null for any.
   *
   * @throws LauncherException when there is no such level
   */
  @Nullable IsolationLevel requiredLevel() {
    if (requiredLevel == null) {
      return null;
    }
    for (IsolationLevel level : IsolationLevel.values()) {
      if (level != IsolationLevel.NONE && level.name().equals(requiredLevel)) {
        return level;
      }
    }
    throw LauncherException.badArgument(
        "--require-level must be L0 to L4: \"" + requiredLevel + "\"");
  }
}
