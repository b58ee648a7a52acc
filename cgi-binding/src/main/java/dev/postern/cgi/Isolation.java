package dev.postern.cgi;

import dev.postern.process.ProgramText;
import dev.postern.process.StartPath;
import dev.postern.program.Program;
import dev.postern.system.Cgroups;
import dev.postern.system.Helpers;
import dev.postern.system.OtherUser;
import dev.postern.system.Owners;
import dev.postern.system.UserTasks;
import dev.postern.system.Visible;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How hosted programs are kept apart, beyond the session that each program has anyway (Linux).
 * Every part is off by default, because each has a price. No-new-privileges breaks set-gid mailers.
 * A limit of memory breaks programs that reserve much and use little, such as those of Java, Go and
 * V8. Each helper costs an exec of about a millisecond. The helpers are {@code prlimit} and {@code
 * setpriv} of util-linux and {@code bwrap} of bubblewrap. They are taken from {@code /usr/bin} or
 * {@code /bin}, where only root may have put them.
 *
 * <p>Pass it to {@link CgiHostBuilder#isolation}. Immutable, thread-safe.
 */
public final class Isolation {
  /** What every program needs to run at all. A path that this system does not have is left out. */
  private static final List<String> SYSTEM =
      List.of("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache");

  /** The kernel follows no more links for a name. */
  private static final int MOST_LINKS = 40;

  private static final String CPU = "--cpu=";

  private static final Isolation NONE = builder().build();
  private static final Isolation INSIDE = new Isolation();

  private final IsolationLevel level;
  private final List<String> limits;
  private final List<String> privileges;
  private final int processes;
  private final @Nullable Cgroups groups;
  private final @Nullable String namespaces;
  private final List<Path> readable;
  private final boolean tied;
  private final @Nullable OtherUser user;

  private Isolation(Builder builder) {
    user = builder.user == null ? null : OtherUser.of(builder.user, builder.lowestUser);
    limits = builder.limits.isEmpty() && builder.processes == 0 ? List.of() : builder.prlimit();
    privileges = builder.privileges.isEmpty() && user == null ? List.of() : builder.setpriv(user);
    if (user != null) {
      user.prove(privileges);
    }
    processes = builder.processes;
    groups =
        builder.parent == null ? null : Cgroups.of(builder.parent, Map.copyOf(builder.groupLimits));
    namespaces = builder.namespaces ? Helpers.find("bwrap") : null;
    readable = List.copyOf(builder.readable);
    if (namespaces != null) {
      Visible.prove(namespaces, privileges);
      readable.forEach(Visible::check);
    }
    tied = builder.tied;
    if (builder.hidden) {
      // This is the last step because it cannot be taken back.
      String refusal = StartPath.hideServer();
      if (refusal != null) {
        throw new IllegalStateException(
            "server cannot be hidden from programs: " + refusal + " [hide-server]");
      }
    }
    level = level(builder);
  }

  private Isolation() {
    user = null;
    limits = List.of();
    privileges = List.of();
    processes = 0;
    groups = null;
    namespaces = null;
    readable = List.of();
    tied = false;
    level = IsolationLevel.NONE;
  }

  private IsolationLevel level(Builder builder) {
    if (!StartPath.hasSessions()) {
      return IsolationLevel.L0;
    }
    if (namespaces != null) {
      return IsolationLevel.L4;
    }
    if (groups != null) {
      return IsolationLevel.L3;
    }
    return builder.noNewPrivileges && !limits.isEmpty() ? IsolationLevel.L2 : IsolationLevel.L1;
  }

  /** The default: a session, and no more. */
  static Isolation none() {
    return NONE;
  }

  /** The isolation of programs inside this JVM. */
  static Isolation inside() {
    return INSIDE;
  }

  /** Options, none of them set. */
  public static Builder builder() {
    return new Builder();
  }

  /** The level that these parts reach on this system. */
  public IsolationLevel level() {
    return level;
  }

  /** Whether the kernel ends a program when the thread that started it ends. */
  boolean isTied() {
    // bwrap ends with the thread, too [--die-with-parent].
    return tied || namespaces != null;
  }

  /** The user that programs run as, or null for this process's user. */
  @Nullable OtherUser user() {
    return user;
  }

  /**
   * Refuses a directory that programs would see, if it shows what namespaces are meant to hide.
   *
   * @throws IllegalStateException if this isolation has namespaces
   */
  void checkVisible(Path directory) {
    if (namespaces != null) {
      Visible.check(directory);
    }
  }

  /**
   * Refuses workers if a program's processes must not see any others.
   *
   * @throws IllegalStateException if this isolation has namespaces
   */
  void checkWorkers() {
    if (namespaces != null) {
      throw new IllegalStateException(
          "workers must not be shared by programs in namespaces of their own [namespaces]");
    }
  }

  /** Why a worker cannot be kept apart as well as a process of its own; "" when it can. */
  String coldReason(WorkerMode mode) {
    if (tied) {
      return "its children would not end with this JVM [endWithServer]";
    }
    // A child of a fork server begins at zero.
    if (mode == WorkerMode.REUSE && limits.stream().anyMatch(limit -> limit.startsWith(CPU))) {
      return "processor time is counted for each run [cpuTime]";
    }
    return processes > 0 ? "processes are counted for each run [processes]" : "";
  }

  /**
   * The command that starts a worker, after the limits and privileges that its children inherit.
   */
  List<String> workerCommand(List<String> command) {
    List<String> all = new ArrayList<>();
    if (!limits.isEmpty()) {
      all.addAll(limits);
      all.add("--");
    }
    all.addAll(privileges);
    all.addAll(command);
    return all;
  }

  /** What keeps one run apart. */
  Enclosure enclosure() throws IOException {
    return new Enclosure(groups == null ? null : groups.create());
  }

  /** The isolation of one run. Confined to the request's thread. */
  final class Enclosure {
    private final @Nullable Path group;

    private Enclosure(@Nullable Path group) {
      this.group = group;
    }

    /**
     * The command that runs a program in this enclosure, with the directory as its working
     * directory.
     */
    List<String> command(Program program, Path directory) throws IOException {
      List<String> command = new ArrayList<>();
      if (group != null) {
        command.addAll(Cgroups.enter(group));
      }
      if (!limits.isEmpty()) {
        command.addAll(limits);
        if (processes > 0) {
          command.add(
              "--nproc="
                  + (UserTasks.count(user == null ? Owners.current() : user.uid()) + processes));
        }
        command.add("--");
      }
      command.addAll(privileges);
      if (namespaces != null) {
        command.addAll(bwrap(program, directory, namespaces));
      }
      command.addAll(program.command());
      return command;
    }

    private List<String> bwrap(Program program, Path directory, String helper) throws IOException {
      List<String> command = new ArrayList<>(List.of(helper, "--unshare-all", "--die-with-parent"));
      // Without this bwrap leaves root's capabilities to a program of root, which could then make
      // read-only mounts writable again.
      command.addAll(List.of("--cap-drop", "ALL"));
      for (String path : SYSTEM) {
        command.addAll(List.of("--ro-bind-try", path, path));
      }
      Set<Path> shown = new LinkedHashSet<>();
      Path parent = program.file().getParent();
      shown.add(parent == null ? program.file() : parent);
      shown.add(directory);
      shown.addAll(readable);
      showTarget(program.file(), shown);
      shown.stream()
          .filter(path -> !Visible.isTemporary(path))
          .forEach(path -> bind(command, path));
      // These come after all mounts that could hide them, because the last mount is the one that is
      // seen. /proc is read-only because the settings in /proc/sys belong to the whole machine, and
      // only their modes keep others than root from changing them.
      command.addAll(List.of("--proc", "/proc", "--remount-ro", "/proc"));
      command.addAll(List.of("--dev", "/dev", "--tmpfs", "/tmp"));
      shown.stream().filter(Visible::isTemporary).forEach(path -> bind(command, path));
      command.addAll(List.of("--chdir", ProgramText.toWord(directory), "--"));
      return command;
    }

    /**
     * Adds the file behind a link under the names that the kernel looks for: its own, and the first
     * one on the way that leads out of all that is shown. For that name bwrap follows further
     * links, such as one between directories, itself.
     */
    private static void showTarget(Path file, Set<Path> shown) throws IOException {
      Path real = file.toRealPath();
      Path name = file;
      // Names are followed as text here. Where a directory on the way is a link itself, they may
      // lead in a circle, or to nothing.
      for (int i = 0; i < MOST_LINKS && Files.isSymbolicLink(name) && isShown(name, shown); i++) {
        name = name.resolveSibling(Files.readSymbolicLink(name)).normalize();
      }
      if (!isShown(name, shown) && Files.exists(name)) {
        shown.add(name);
      }
      if (!real.equals(file)) {
        shown.add(real);
      }
    }

    private static boolean isShown(Path path, Set<Path> shown) {
      return shown.stream().anyMatch(path::startsWith)
          || SYSTEM.stream().anyMatch(path::startsWith);
    }

    private static void bind(List<String> command, Path path) {
      String word = ProgramText.toWord(path);
      command.addAll(List.of("--ro-bind", word, word));
    }

    /**
     * The file that a process writes to in order to enter this run's group; null without a group.
     */
    @Nullable Path entrance() {
      return group == null ? null : group.resolve("cgroup.procs");
    }

    /** Ends all processes that are still in the group. */
    void close() throws IOException {
      if (group != null) {
        Cgroups.end(group);
      }
    }
  }

  /** Options of an isolation. Not thread-safe. */
  public static final class Builder {
    private final List<String> limits = new ArrayList<>();
    private final List<String> privileges = new ArrayList<>();
    private final Map<String, String> groupLimits = new LinkedHashMap<>();
    private final List<Path> readable = new ArrayList<>();
    private @Nullable String user;
    private int lowestUser = 100;
    private int processes;
    private boolean noNewPrivileges;
    private boolean tied;
    private boolean namespaces;
    private boolean hidden;
    private @Nullable Path parent;

    private Builder() {}

    /** Processor time of each process, in whole seconds. SIGXCPU ends a process that takes more. */
    public Builder cpuTime(Duration time) {
      limits.add(CPU + positive("processor time in seconds", time.toSeconds()));
      return this;
    }

    /**
     * Address space of each process, in bytes. Reserved memory counts too, not only used memory.
     */
    public Builder memory(long bytes) {
      limits.add("--as=" + positive("memory", bytes));
      return this;
    }

    /**
     * The largest file that a process can write, in bytes. SIGXFSZ ends a process that writes more.
     */
    public Builder fileSize(long bytes) {
      limits.add("--fsize=" + positive("file size", bytes));
      return this;
    }

    /** Open files of each process. */
    public Builder openFiles(int count) {
      limits.add("--nofile=" + positive("open files", count));
      return this;
    }

    /**
     * How many processes and threads the user may have beyond those that exist when the program
     * starts. The system has no count for one program: it counts all processes and threads of the
     * user, and those of this JVM too if it runs as the same user. Has no effect for root.
     */
    public Builder processes(int more) {
      processes = (int) positive("processes", more);
      return this;
    }

    /** Programs gain no rights by running set-id files (PR_SET_NO_NEW_PRIVS). */
    public Builder noNewPrivileges() {
      if (!noNewPrivileges) {
        privileges.add("--no-new-privs");
        noNewPrivileges = true;
      }
      return this;
    }

    /**
     * Runs programs as this user, for which this process must run as root. {@code setpriv} gives a
     * program the user's real, effective and saved ids, the user's groups, HOME, USER and LOGNAME,
     * and no capabilities. If that fails, the program does not run. The user must be able to read
     * the program's file and directory.
     *
     * @param loginName not root, and with a number not below {@link #lowestUser}
     */
    public Builder user(String loginName) {
      user = loginName;
      return this;
    }

    /**
     * The lowest number that the user of {@link #user} and the user's group may have; 100 by
     * default. Lower numbers belong to the system's own users: {@code www-data} of Debian is 33.
     */
    public Builder lowestUser(int number) {
      lowestUser = (int) positive("lowest user", number);
      return this;
    }

    /**
     * Lets the kernel kill a program when this JVM ends, however it ends (PR_SET_PDEATHSIG). This
     * does not cover processes that the program itself has started, nor a program that is just
     * being started when the JVM is killed. {@link #cgroup} covers both.
     */
    public Builder endWithServer() {
      if (!tied) {
        privileges.add("--pdeathsig=KILL");
        tied = true;
      }
      return this;
    }

    /**
     * Makes a control group for each run. The parent is a group of version 2 that is delegated to
     * this process, for example by {@code Delegate=yes} of systemd. All processes in a run's group
     * end with the run, even those that have left the session. If the JVM is killed, the next JVM
     * that builds an isolation ends what is left.
     *
     * <p>This protects from accidents, not from attacks. The files of the group belong to its user.
     * So a hostile program can write them, raise its limits, and move itself to a group that it has
     * made beside this one. With {@link #namespaces} as well, a program sees no group but its own.
     */
    public Builder cgroup(Path delegated) {
      parent = delegated.toAbsolutePath().normalize();
      return this;
    }

    /** Memory of all processes of a run together, in bytes; needs {@link #cgroup}. */
    public Builder groupMemory(long bytes) {
      groupLimits.put("memory.max", Long.toString(positive("memory", bytes)));
      return this;
    }

    /** Processes and threads of a run; needs {@link #cgroup}. */
    public Builder groupProcesses(int count) {
      groupLimits.put("pids.max", Long.toString(positive("processes", count)));
      return this;
    }

    /**
     * Gives each run namespaces of its own, by {@code bwrap}. The program has no network, sees no
     * other processes, has no capabilities, and finds an empty /tmp. Of the file system it sees
     * only the system's programs and libraries, its own directory and what {@link #readable} adds,
     * all read-only. Even a program of root has no capabilities, so it cannot read what only they
     * would let it read.
     *
     * <p>Some directories would show what must stay hidden, such as {@code /}, {@code /etc}, {@code
     * /home} or any below {@code /proc}. Such a directory cannot be a program's directory, its
     * working directory or {@link #readable}: {@code build} throws an IllegalStateException.
     */
    public Builder namespaces() {
      namespaces = true;
      return this;
    }

    /**
     * Hides this JVM from programs that run as its user. They cannot read its environment, memory
     * and open files in /proc, and cannot trace it. {@code build} does this for the whole JVM and
     * for good (PR_SET_DUMPABLE). Tools that attach to the JVM, such as {@code jcmd}, must then run
     * as root, and the JVM leaves no core files. Programs of root still see the JVM.
     *
     * <p>This needs native calls: JDK 22 or newer, on Linux with glibc, with native access. Where
     * they are not allowed, {@code build} throws an IllegalStateException. Programs of {@link #user
     * another user} or in {@link #namespaces} do not see this JVM anyway.
     */
    public Builder hideServer() {
      hidden = true;
      return this;
    }

    /** A further path that programs in namespaces see, read-only. */
    public Builder readable(Path path) {
      readable.add(path.toAbsolutePath().normalize());
      return this;
    }

    /**
     * The isolation.
     *
     * @throws IllegalStateException when this system cannot do what was asked for: a helper is
     *     missing, fails, or may be changed by others than root; the user does not exist, or this
     *     process does not run as root; a readable path shows too much; control groups or a
     *     controller are not delegated
     */
    public Isolation build() {
      if (!groupLimits.isEmpty() && parent == null) {
        throw new IllegalStateException("limits of a group need a control group [cgroup]");
      }
      for (Path path : readable) {
        if (!Files.exists(path)) {
          throw new IllegalStateException("readable path must exist: " + path);
        }
      }
      return new Isolation(this);
    }

    private List<String> prlimit() {
      List<String> command = new ArrayList<>(List.of(Helpers.find("prlimit"), "--core=0"));
      command.addAll(limits);
      return List.copyOf(command);
    }

    private List<String> setpriv(@Nullable OtherUser other) {
      List<String> command = new ArrayList<>(List.of(Helpers.find("setpriv")));
      if (other != null) {
        command.addAll(other.options());
      }
      command.addAll(privileges);
      command.add("--");
      return List.copyOf(command);
    }

    private static long positive(String what, long value) {
      if (value < 1) {
        throw new IllegalArgumentException(what + " must be at least 1: " + value);
      }
      return value;
    }
  }
}
