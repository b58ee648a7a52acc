package dev.postern.cgi;

import dev.postern.Application;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Serves scripts by workers where the whole JVM has other surroundings: {@code signals DIRECTORY
 * FILE} compares which signals they and spawned ones ignore, catch and block; {@code hidden
 * DIRECTORY FILE} does so without /proc, which it covers first; {@code dropped DIRECTORY FILE}
 * compares how those end that have changed their user; {@code descriptors DIRECTORY FILE} tells
 * which worker answers while the JVM has fewer and fewer descriptors left.
 */
final class WarmHost {
  private static final String PERL =
      """
      #!/usr/bin/perl
      print qq(Content-Type: text/plain\\n\\n);
      open my $s => '/proc/self/status';
      print map { sprintf '%x ', hex(substr $_, -9) & 0x7fffffff } grep /^Sig[BIC]/ => <$s>;
      """;

  private static final String PYTHON =
      """
      #!/usr/bin/python3
      print('Content-Type: text/plain\\n')
      print(*['%x' % (int(l[-9:], 16) & 0x7fffffff) for l in open('/proc/self/status')
              if l[:4] in ('SigB', 'SigI', 'SigC')])
      """;

  private static final String RUBY =
      """
      #!/usr/bin/ruby
      puts "Content-Type: text/plain\\n\\n"
      puts File.readlines('/proc/self/status').grep(/^Sig[BIC]/).map { |l|
        format('%x', l[-9..].to_i(16) & 0x7fffffff) }.join(' ')
      """;

  private WarmHost() {}

  public static void main(String[] args) throws Exception {
    Path directory = Files.createDirectory(Path.of(args[1]));
    List<String> report = new ArrayList<>();
    if (args[0].equals("dropped")) {
      dropped(directory, report);
      Files.write(Path.of(args[2]), report);
      return;
    }
    if (args[0].equals("descriptors")) {
      descriptors(directory, report);
      Files.write(Path.of(args[2]), report);
      return;
    }
    boolean signals = args[0].equals("signals");
    if (!signals) {
      cover();
    }
    for (WorkerMode mode : WorkerMode.values()) {
      for (String language : List.of("pl", "py", "rb")) {
        String name = mode.name().toLowerCase(Locale.ROOT) + "." + language;
        if (name.equals("reuse.rb")) {
          continue;
        }
        if (signals) {
          signals(directory, mode, name, report);
        } else {
          WarmOtherUser.write(directory, name, "");
          WarmOtherUser.unreachable(directory, mode, name, group -> group, report);
        }
      }
    }
    Files.write(Path.of(args[2]), report);
  }

  private static void signals(Path directory, WorkerMode mode, String name, List<String> report)
      throws IOException {
    String text = name.endsWith(".pl") ? PERL : name.endsWith(".py") ? PYTHON : RUBY;
    Programs.write(directory.resolve(name), text);
    try (WarmSite site = new WarmSite(directory, mode, group -> group, host -> host)) {
      String spawned = site.spawn(() -> Call.get("/" + name)).body().trim();
      String how = " same";
      for (int i = 0; i < 2; i++) {
        String warm = site.fork(() -> Call.get("/" + name)).body().trim();
        how = warm.equals(spawned) ? how : " other: " + spawned + ", and warm " + warm;
      }
      boolean ignored = (Long.parseLong(spawned.split(" ")[1], 16) & 1) == 1;
      report.add(name + how + ", SIGHUP ignored: " + ignored);
    }
  }

  /** The system hides the status of such a process from a root that may not trace it. */
  private static void dropped(Path directory, List<String> report) throws IOException {
    for (String end : List.of("exit", "kill")) {
      boolean exit = end.equals("exit");
      Programs.write(
          directory.resolve(end + ".pl"),
          "#!/usr/bin/perl\n$< = $> = 1000; $| = 1; print qq(Content-Type: text/plain\\n\\nok);"
              + (exit ? "exit 3;\n" : "kill 9 => $$;\n"));
      Programs.write(
          directory.resolve(end + ".py"),
          "#!/usr/bin/python3\nimport os, sys\nos.setuid(1000)\n"
              + "print('Content-Type: text/plain\\n\\nok', end='', flush=True)\n"
              + (exit ? "sys.exit(3)\n" : "os.kill(os.getpid(), 9)\n"));
      Programs.write(
          directory.resolve(end + ".rb"),
          "#!/usr/bin/ruby\nProcess::Sys.setuid(1000)\n"
              + "STDOUT.sync = true\nprint \"Content-Type: text/plain\\n\\nok\"\n"
              + (exit ? "exit 3\n" : "Process.kill(9, $$)\n"));
    }
    for (String language : List.of("pl", "py", "rb")) {
      try (WarmSite site = new WarmSite(directory)) {
        for (String name : List.of("exit." + language, "kill." + language)) {
          WarmSite.Answer spawned = site.spawn(() -> Call.get("/" + name));
          for (int i = 0; i < 3; i++) {
            WarmSite.Answer warm = site.fork(() -> Call.get("/" + name));
            report.add(name + " " + warm.exit() + " " + (warm.equals(spawned) ? "same" : warm));
          }
        }
      }
    }
  }

  /** The answers with no descriptor left, with one, and so on, and with all. */
  private static void descriptors(Path directory, List<String> report) throws Exception {
    loadAll(CgiApplication.class);
    loadAll(Application.class);
    Path file =
        Files.writeString(
            directory.resolve("wsgi.py"),
            "import os\ndef application(environ, start_response):\n"
                + "    start_response('200 OK', [('Content-Type', 'text/plain')])\n"
                + "    return [b'%d' % os.getpid()]\n");
    WarmPrograms.awaitWritten();
    List<InputStream> taken = new ArrayList<>();
    try (WorkerGroup group = WorkerGroup.builder("one").processes(1).build();
        WsgiApplication app = WsgiApplication.builder(file).workers(group).build()) {
      String worker = Call.get("/").to(app).body();
      try {
        while (true) {
          taken.add(new FileInputStream("/dev/null"));
        }
      } catch (FileNotFoundException e) {
        // There are no more.
      }
      while (!taken.isEmpty()) {
        Call call = Call.get("/").to(app);
        report.add(call.status + (call.body().equals(worker) ? " same" : " " + call.rule()));
        taken.remove(0).close();
      }
      report.add(Call.get("/").to(app).body().equals(worker) ? "same" : "other");
    }
  }

  /** Loads what is in the folder of a class, as long as files can be opened. */
  private static void loadAll(Class<?> type) throws Exception {
    Path folder = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.map(folder::relativize).toList()) {
          String name = file.toString();
          if (name.endsWith(".class") && !name.contains("-")) {
            Class.forName(
                name.replace(".class", "").replace('/', '.'), false, type.getClassLoader());
          }
        }
      }
    }
  }

  /** In the mount namespace of this JVM, which needs /proc to start. */
  private static void cover() throws Exception {
    int exit =
        new ProcessBuilder("mount", "-t", "tmpfs", "none", "/proc").inheritIO().start().waitFor();
    if (exit != 0) {
      throw new IOException("mount must end with 0: " + exit);
    }
  }
}
