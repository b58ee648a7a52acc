package dev.postern.launcher.run;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.JavaProgram;
import dev.postern.cgi.KeptRun;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.launcher.recording.Recording;
import dev.postern.launcher.recording.RecordingFile;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import dev.postern.scgi.ScgiApplication;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern replay} repeats a run that was kept. */
@Command(
    name = "replay",
    description = {
      "Run a program again as in a run that serve --record has kept, and compare.",
      "The program gets the same arguments, directory, environment and body. The options of "
          + "isolation do not hold. A kept request to a FastCGI or SCGI server goes to that server "
          + "again. The exit code is 0 if output, exit and rule are the same."
    })
public final class ReplayCommand implements Callable<Integer> {
  /** Variables that the host makes for each request itself. */
  private static final List<String> OF_REQUESTS =
      List.of("REDIRECT_STATUS", "SCRIPT_FILENAME", "GATEWAY_INTERFACE", "CONTENT_LENGTH");

  @Spec @Nullable CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "FILE",
      description = "A file that serve --record has written.")
  String file = "";

  @Override
  @SuppressWarnings("try") // The block uses it by its other name.
  public Integer call() throws Exception {
    // The report tells what the host would log, so turn the log off.
    Logger.getLogger("").setLevel(Level.OFF);
    Recording before = RecordingFile.read(Values.file("replay", file));
    CompletableFuture<CgiRun> told = new CompletableFuture<>();
    Map<String, String> variables = new LinkedHashMap<>();
    HostBuilder<?> builder = builder(before);
    builder.keepRuns(Recording.BOUND).onRun(told::complete);
    builder.passShellFunctions().passAuthorization().allowEncodedSlash();
    if (before.rule().equals("bad-exit")) {
      builder.strictExit();
    }
    configure(builder, before, variables);
    Application application = built(builder);
    try (AutoCloseable closed = (AutoCloseable) application) {
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      Report report = new Report(out);
      report.field("program", before.program().toString());
      report.field(
          "kept",
          before.time() + " by " + (before.server().isEmpty() ? before.start() : before.server()));
      if (before.isInputCut()) {
        report.field(
            "body",
            "only the first " + before.input().length + " of " + before.bytesIn() + " bytes");
      }
      Trial trial = Trial.of(application, environ(before, variables), told);
      report.tell(trial, Map.of());
      boolean same = compare(report, before, trial);
      out.flush();
      return same ? 0 : 1;
    }
  }

  private static Application built(HostBuilder<?> builder) {
    if (builder instanceof FastCgiApplication.Builder fastCgi) {
      return fastCgi.build();
    }
    return builder instanceof ScgiApplication.Builder scgi
        ? scgi.build()
        : ((CgiApplication.Builder) builder).build();
  }

  /** Returns a builder for the server, or else for the program. */
  private static HostBuilder<?> builder(Recording before) {
    if (before.server().isEmpty()) {
      return program(before);
    }
    try {
      if (before.server().startsWith("scgi ")) {
        return ScgiApplication.builder(address(before));
      }
      FastCgiApplication.Builder builder = FastCgiApplication.builder(address(before));
      Path root = root(before);
      return root == null ? builder : builder.root(root);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(
          "server must have an address, HOST:PORT or unix:PATH: \"" + before.server() + "\"");
    }
  }

  private static String address(Recording before) {
    String mounted = before.server().substring(before.server().indexOf(' ') + 1);
    int comma = before.server().startsWith("fcgi ") ? mounted.indexOf(',') : -1;
    return comma < 0 ? mounted : mounted.substring(0, comma);
  }

  /** Returns the directory of a FastCGI server's scripts; null for none. */
  private static @Nullable Path root(Recording before) {
    int comma = before.server().startsWith("fcgi ") ? before.server().indexOf(',') : -1;
    return comma < 0
        ? null
        : Values.path("replay", before.server().substring(comma + 1)).toAbsolutePath().normalize();
  }

  /**
   * Returns a builder for the program with its command. The words before the program's file are its
   * interpreter.
   */
  private static CgiApplication.Builder program(Recording before) {
    if (!Files.exists(before.program())) {
      throw LauncherException.badArgument("program must exist: \"" + before.program() + "\"");
    }
    List<String> command = before.command();
    if (before.start().equals("inside")) {
      String name = before.program().toString();
      if (!name.endsWith(".jar") && !name.endsWith(".java")) {
        throw LauncherException.badArgument(
            "a Java program must be a .jar or a .java file to be run again: \"" + name + "\"");
      }
      return CgiApplication.builder(JavaProgram.of(before.program()));
    }
    int at = command.indexOf(before.program().toString());
    if (at < 0) {
      return CgiApplication.builder(command);
    }
    CgiApplication.Builder builder =
        CgiApplication.builder(before.program()).arguments(command.subList(at + 1, command.size()));
    return at == 0 ? builder : builder.interpreter(command.subList(0, at));
  }

  /** Configures what a request cannot set, and collects the request's own variables. */
  private static void configure(
      HostBuilder<?> builder, Recording before, Map<String, String> variables) {
    Path directory = before.directory();
    if (directory != null && builder instanceof CgiApplication.Builder program) {
      if (!Files.isDirectory(directory)) {
        throw LauncherException.badArgument("directory must exist: \"" + directory + "\"");
      }
      program.workingDirectory(directory);
    }
    before
        .environment()
        .forEach(
            (name, value) -> {
              if (OF_REQUESTS.contains(name) || name.equals("PATH_TRANSLATED")) {
                return;
              }
              try {
                CgiApplication.builder(Path.of("/")).environment(name, "x");
                builder.passVariable(name);
              } catch (IllegalArgumentException e) {
                // A rule of its own decides about this variable, so it is only put into the
                // request.
              }
              if (name.equals("DOCUMENT_ROOT")) {
                builder.documentRoot(Path.of(value));
              } else {
                variables.put(name, value);
              }
            });
    Path root = root(before);
    if (root != null) {
      undivide(variables, root.toString(), before.environment().get("SCRIPT_FILENAME"));
    }
  }

  /**
   * Restores the path as it was before the script was found in it. The host finds the script below
   * the root again.
   */
  private static void undivide(Map<String, String> variables, String root, @Nullable String file) {
    String below = file == null || !file.startsWith(root) ? "" : file.substring(root.length());
    String name = variables.getOrDefault("SCRIPT_NAME", "");
    if (!below.isEmpty() && name.endsWith(below)) {
      variables.put("SCRIPT_NAME", name.substring(0, name.length() - below.length()));
      variables.merge("PATH_INFO", below, (info, script) -> script + info);
    }
  }

  private static Environ environ(Recording before, Map<String, String> variables) {
    if (before.environment().containsKey("CONTENT_LENGTH")) {
      variables.put("CONTENT_LENGTH", Integer.toString(before.input().length));
    }
    return Environ.builder(variables)
        .scheme(variables.containsKey("HTTPS") ? "https" : "http")
        .input(new ByteArrayInputStream(before.input()))
        .errors(new PrintWriter(PrintWriter.nullWriter()))
        .build();
  }

  private static boolean compare(Report report, Recording before, Trial trial) {
    CgiRun run = trial.run();
    KeptRun now = run == null ? null : run.kept();
    if (run == null || now == null) {
      report.field("compared", "it was not run again");
      return false;
    }
    boolean same = true;
    same &= compare(report, "exit", before.exit(), run.exit());
    same &= compare(report, "rule", shown(before.rule()), shown(run.rule()));
    if (Arrays.equals(before.output(), now.output()) && before.bytesOut() == run.bytesOut()) {
      report.field("output", "the same " + run.bytesOut() + " bytes");
    } else {
      int at = Arrays.mismatch(before.output(), now.output());
      report.field(
          "output",
          "differs at byte "
              + (at < 0 ? before.output().length : at)
              + ": "
              + before.bytesOut()
              + " bytes then, "
              + run.bytesOut()
              + " now");
      same = false;
    }
    environment(report, before.environment(), now.environment());
    return same;
  }

  private static String shown(String rule) {
    return rule.isEmpty() ? "none broken" : rule;
  }

  private static boolean compare(Report report, String what, String then, String now) {
    boolean same = then.equals(now);
    report.field(what, same ? "the same: " + now : then + " then, " + now + " now");
    return same;
  }

  /** Reports the variables that could not be given as they were. */
  private static void environment(
      Report report, Map<String, String> then, Map<String, String> now) {
    TreeSet<String> names = new TreeSet<>(then.keySet());
    names.addAll(now.keySet());
    names.removeIf(name -> Objects.equals(then.get(name), now.get(name)));
    if (!names.isEmpty()) {
      report.field("environment", "differs in " + String.join(", ", names));
    }
  }
}
