package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;

/**
 * Serves scripts by workers as a user whom the system refuses what it grants to root: one process
 * more, and the open files of a process that has made itself undumpable, or is another user's.
 * Makes the directory of the scripts, and writes what came of them to a file: {@code DIRECTORY FILE
 * [PYTHON]}, with a Python that runs as another user for that alone.
 */
final class WarmOtherUser {
  private static final long NANOS = TimeUnit.SECONDS.toNanos(30);

  private WarmOtherUser() {}

  public static void main(String[] args) throws Exception {
    Path directory = Files.createDirectory(Path.of(args[0]));
    List<String> report = new ArrayList<>();
    if (args.length > 2) {
      for (WorkerMode mode : WorkerMode.values()) {
        String name = mode.name().toLowerCase(Locale.ROOT) + ".py";
        Programs.write(
            directory.resolve(name),
            "#!"
                + args[2]
                + "\nimport os\n"
                + "print('Content-Type: text/plain\\n\\n%d' % os.geteuid(), end='')\n");
        unreachable(directory, mode, name, group -> group, report);
      }
      Files.write(Path.of(args[1]), report);
      return;
    }
    refused(Files.createDirectory(directory.resolve("refused")), report);
    refusedAtLoad(Files.createDirectory(directory.resolve("at-load")), report);
    unreadable(Files.createDirectory(directory.resolve("unreadable")), report);
    Path hidden = Files.createDirectory(directory.resolve("hidden"));
    for (WorkerMode mode : WorkerMode.values()) {
      hidden(hidden, mode, report);
    }
    Files.write(Path.of(args[1]), report);
  }

  /** A server may have one process, then as many as before. */
  private static void refused(Path directory, List<String> report) throws Exception {
    for (String language : List.of("pl", "py", "rb")) {
      String name = "p." + language;
      write(directory, name, "");
      try (WarmSite site =
          new WarmSite(directory, group -> group.learn(false).spares(0), host -> host)) {
        site.fork(() -> Call.get("/" + name));
        long server = site.status(name).pid();
        for (String limit : List.of("1:", "10000:")) {
          limit(server, limit);
          WarmSite.Answer answer = site.ask(() -> Call.get("/" + name));
          report.add(
              String.join(
                  " ",
                  language,
                  answer.body(),
                  site.last().start(),
                  site.last().coldReason(),
                  site.status(name).pid() == server ? "same" : "other"));
        }
      }
    }
  }

  /** A server of Perl forks once before it is ready. */
  private static void refusedAtLoad(Path directory, List<String> report) throws IOException {
    write(
        directory,
        "p.pl",
        "BEGIN { open C, '<', '/proc/self/cmdline'; my $server = <C> =~ /Postern/; close C;"
            + " if ($server) { exec 'prlimit --nproc=1: --pid=' . getppid if !fork; wait } }");
    try (WarmSite site = new WarmSite(directory)) {
      long start = System.nanoTime();
      do {
        LockSupport.parkNanos(5_000_000);
        site.ask(() -> Call.get("/p.pl"));
      } while (site.status("p.pl").why().isEmpty() && System.nanoTime() - start < NANOS);
      report.add("load: " + site.status("p.pl").why());
    }
  }

  /** A directory that cannot be read does not keep the others from being loaded ahead. */
  private static void unreadable(Path directory, List<String> report) throws Exception {
    write(directory, "first.pl", "");
    write(Files.createDirectory(directory.resolve("z")), "last.pl", "");
    Path closed = Files.createDirectory(directory.resolve("closed"));
    // A script that has just changed is not loaded.
    Thread.sleep(200);
    Files.setPosixFilePermissions(closed, Set.of());
    try (WarmSite site = new WarmSite(directory, WorkerGroup.Builder::eager, host -> host)) {
      report.add("unreadable: " + Files.isReadable(closed) + " " + site.group.status().size());
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private static void limit(long pid, String processes) throws Exception {
    int exit =
        new ProcessBuilder("prlimit", "--pid=" + pid, "--nproc=" + processes)
            .inheritIO()
            .start()
            .waitFor();
    if (exit != 0) {
      throw new IOException("prlimit of " + pid + " must end with 0: " + exit + " " + processes);
    }
  }

  /** Who loads this cannot be reached by /proc any more, and nor can its children. */
  private static void hidden(Path directory, WorkerMode mode, List<String> report)
      throws IOException {
    String how = mode.name().toLowerCase(Locale.ROOT);
    for (String language : List.of("pl", "py")) {
      String name = how + "." + language;
      write(
          directory,
          name,
          language.equals("pl")
              ? "use Config; BEGIN { syscall $Config{archname} =~ /^aarch64/ ? 167 : 157, 4, 0, 0,"
                  + " 0, 0 }"
              : "import hides");
      Files.writeString(
          directory.resolve("hides.py"), "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n");
      unreachable(
          directory,
          mode,
          name,
          group -> language.equals("py") ? group.modules("hides") : group,
          report);
    }
  }

  /** Asks until it is known that its server cannot be reached, and then three times. */
  static void unreachable(
      Path directory,
      WorkerMode mode,
      String name,
      UnaryOperator<WorkerGroup.Builder> options,
      List<String> report) {
    try (WarmSite site = new WarmSite(directory, mode, options, host -> host)) {
      long start = System.nanoTime();
      do {
        LockSupport.parkNanos(5_000_000);
        site.ask(() -> Call.get("/" + name));
      } while (!site.last().coldReason().contains("/proc")
          && site.last().start().equals("spawn")
          && System.nanoTime() - start < NANOS);
      for (int i = 0; i < 3; i++) {
        WarmSite.Answer answer = site.ask(() -> Call.get("/" + name));
        report.add(
            String.join(" ", name, answer.body(), site.last().start(), site.last().coldReason()));
      }
    }
  }

  /** A script that says {@code ok}, after that line. */
  static void write(Path directory, String name, String first) throws IOException {
    String text =
        switch (name.substring(name.indexOf('.') + 1)) {
          case "pl" ->
              "#!/usr/bin/perl\n" + first + "\nprint qq(Content-Type: text/plain\\n\\nok);\n";
          case "py" ->
              "#!/usr/bin/python3\n"
                  + first
                  + "\nprint('Content-Type: text/plain\\n\\nok', end='')\n";
          default -> "#!/usr/bin/ruby\nprint \"Content-Type: text/plain\\n\\nok\"\n";
        };
    Programs.write(directory.resolve(name), text);
  }
}
