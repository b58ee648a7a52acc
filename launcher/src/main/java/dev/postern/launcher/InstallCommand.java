package dev.postern.launcher;

import static java.util.Objects.requireNonNull;

import dev.postern.cgi.install.CgiExecutable;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern install} makes a CGI executable of an application. */
@Command(
    name = "install",
    description = {
      "Write a CGI executable for an application.",
      "The executable is one file; its jars and a class-data archive go to --lib. The command calls "
          + "the application for one GET /, to know its classes. Notes and errors go to standard "
          + "error."
    },
    sortOptions = false)
final class InstallCommand implements Callable<Integer> {
  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--classpath",
      paramLabel = "CP",
      description =
          "Where CLASS is, in the form of java -cp. Its jars are copied to --lib. Default: "
              + "the class path of the command.")
  @Nullable String classpath;

  @Option(
      names = "--lib",
      paramLabel = "DIR",
      description =
          "The directory for the jars and the class-data archive. It must lie outside the "
              + "document root, and the web server's user must be able to read it. Default: "
              + "/var/lib/postern, or ~/.local/share/postern if you cannot write there.")
  @Nullable String library;

  @Option(
      names = "--check",
      description =
          "Run the executable once, and show its answer and the time. The exit code is 1 if "
              + "the answer is wrong.")
  boolean check;

  @Option(
      names = "--warm",
      description =
          "Make the executable warm: it passes requests to a JVM that the first request "
              + "starts. This needs Perl. With a C compiler (cc, or $CC) it starts more quickly.")
  boolean warm;

  @Option(
      names = "--idle",
      paramLabel = "SECONDS",
      description = "With --warm: the JVM ends after this time without a request. Default: 300.")
  @Nullable String idle;

  @Option(
      names = "--max-requests",
      paramLabel = "N",
      description = "With --warm: the JVM ends after so many requests. Default: no limit.")
  @Nullable String maxRequests;

  @Option(
      names = "--keep",
      paramLabel = "NAME",
      description =
          "With --warm: one more environment variable of the web server that the JVM keeps. "
              + "It keeps PATH, LANG, LC_*, TZ, HOME, USER, TMPDIR and JAVA_*. May be repeated.")
  List<String> kept = List.of();

  @Parameters(
      index = "0",
      paramLabel = "CLASS",
      description =
          "A class with a public constructor without arguments that is an Application or a "
              + "Responder, or CLASS::FIELD, a public static field.")
  String className = "";

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      description = "The executable to write, such as cgi-bin/x.")
  String file = "";

  @Override
  public Integer call() {
    CgiExecutable.Builder builder =
        CgiExecutable.builder(className).classPath(ApplicationLoader.entries(classpath));
    warmOptions(builder);
    try {
      Path target = Path.of(file);
      builder.library(library == null ? defaultLibrary() : Path.of(library));
      for (String note : builder.build().install(target)) {
        err().println("postern: " + LauncherException.oneLine(note));
      }
      return check ? check(target) : 0;
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument("not a path: " + e.getMessage());
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument(String.valueOf(e.getMessage()));
    } catch (IOException e) {
      throw LauncherException.failed(told(e));
    }
  }

  private void warmOptions(CgiExecutable.Builder builder) {
    String compiler = System.getenv("CC");
    if (compiler != null) {
      builder.compiler(Stream.of(compiler.split(" ")).filter(word -> !word.isEmpty()).toList());
    }
    if (warm) {
      builder.warm();
    } else if (idle != null || maxRequests != null || !kept.isEmpty()) {
      throw LauncherException.badArgument(
          "--idle, --max-requests and --keep must come with --warm");
    }
    for (String name : kept) {
      try {
        builder.keep(name);
      } catch (IllegalArgumentException e) {
        throw LauncherException.badArgument("--keep: " + e.getMessage());
      }
    }
    if (idle != null) {
      builder.idle(Values.seconds("--idle", idle));
    }
    if (maxRequests != null) {
      builder.maxRequests(Values.number("--max-requests", maxRequests, 1, Long.MAX_VALUE));
    }
  }

  private static Path defaultLibrary() throws IOException {
    Path ours = Path.of("/var/lib/postern");
    if (Files.isWritable(Files.exists(ours) ? ours : ours.getParent())) {
      return ours;
    }
    Path home = Path.of(System.getProperty("user.home"), ".local", "share");
    return Files.createDirectories(home).resolve("postern");
  }

  private int check(Path target) throws IOException {
    CgiExecutable.Check answer = CgiExecutable.check(target);
    err().print(shown(answer.errors()));
    out().print(shown(answer.output()));
    if (!answer.output().endsWith("\n")) {
      out().println();
    }
    out()
        .printf(
            Locale.ROOT,
            "postern: %s answered in %.1f ms, exit %d%n",
            target,
            answer.time().toNanos() / 1e6,
            answer.exit());
    return answer.passed() ? 0 : 1;
  }

  /** Decodes output as UTF-8, which it mostly is. Each character of the argument is a byte. */
  private static String shown(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  /**
   * Returns the message of an exception. The JDK's own exceptions name a file and leave out what is
   * wrong with it, so their class is added.
   */
  private static String told(IOException e) {
    String message = String.valueOf(e.getMessage());
    return e.getClass() == IOException.class
        ? message
        : e.getClass().getSimpleName() + ": " + message;
  }

  private PrintWriter out() {
    return requireNonNull(spec).commandLine().getOut();
  }

  private PrintWriter err() {
    return requireNonNull(spec).commandLine().getErr();
  }
}
