package dev.postern.launcher;

import dev.postern.launcher.hosting.Programs;
import dev.postern.launcher.run.ReplayCommand;
import dev.postern.launcher.run.RunCommand;
import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The words of the command. A failure is printed as one line, never as a stack. */
@Command(
    name = "postern",
    description = "The gateway interface for Java: one handler as a servlet or a CGI executable.",
    versionProvider = PosternCommand.Version.class,
    synopsisSubcommandLabel = "WORD",
    commandListHeading = "%nWords:%n",
    optionListHeading = "%nOptions:%n",
    footer = {"", "postern help WORD tells about one word."},
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:after a clean stop", "1:it went wrong", "2:the arguments are wrong"},
    subcommands = {
      DemoCommand.class,
      ServeCommand.class,
      CgiCommand.class,
      GatewayCommand.FastCgi.class,
      GatewayCommand.Scgi.class,
      InstallCommand.class,
      WarmCommand.class,
      RunCommand.class,
      ReplayCommand.class,
      PosternCommand.JavaCheck.class,
      HelpCommand.class
    })
final class PosternCommand implements Runnable {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = CommandLine.ScopeType.INHERIT,
      description = "Print this text.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version.")
  boolean version;

  /** Runs the command line, and returns its exit code. */
  static int execute(PrintStream out, PrintStream err, String... args) {
    PrintWriter outWriter = new PrintWriter(out, true, StandardCharsets.UTF_8);
    PrintWriter errWriter = new PrintWriter(err, true, StandardCharsets.UTF_8);
    CommandLine line = new CommandLine(new PosternCommand());
    line.setOut(outWriter);
    line.setErr(errWriter);
    line.setExpandAtFiles(false);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    line.setParameterExceptionHandler(
        (e, arguments) -> {
          Throwable cause = e.getCause();
          return fail(errWriter, cause instanceof LauncherException told ? told : badArgument(e));
        });
    line.setExecutionExceptionHandler(
        (e, command, parsed) ->
            fail(
                errWriter,
                e instanceof LauncherException told
                    ? told
                    : LauncherException.failed("failed: " + e)));
    return line.execute(args);
  }

  @Override
  public void run() {
    throw LauncherException.badArgument("a word is missing, such as demo or serve: see --help");
  }

  /** Returns what is wrong with the arguments, in one line. */
  static LauncherException badArgument(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      boolean isWord = e.getCommandLine().getParent() == null;
      String what =
          unmatched.isUnknownOption()
              ? "unknown option"
              : isWord ? "unknown word" : "unexpected argument";
      return LauncherException.badArgument(
          what
              + ": \""
              + unmatched.getUnmatched().get(0)
              + "\""
              + suggestion(unmatched.getSuggestions()));
    }
    return LauncherException.badArgument(String.valueOf(e.getMessage()));
  }

  /** Suggests the first word, which is spelled most alike. */
  static String suggestion(List<String> alike) {
    return alike.isEmpty() ? "" : "; did you mean " + alike.get(0) + "?";
  }

  private static int fail(PrintWriter err, LauncherException e) {
    err.println("postern: " + LogLine.escaped(e.getMessage(), LogLine.LONGEST));
    return e.exitCode();
  }

  /** {@code postern 1.0}, from the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      @Nullable String version = Version.class.getPackage().getImplementationVersion();
      return new String[] {"postern " + (version == null ? "(not packaged)" : version)};
    }
  }

  /** {@code postern java-check} tells what {@code --java-cgi} would do with a program. */
  @Command(
      name = "java-check",
      description = {
        "Look at a Java CGI program without running it.",
        "Tells which calls would be redirected or refused inside the server, and what could not",
        "be initialized again."
      },
      sortOptions = false)
  static final class JavaCheck implements Callable<Integer> {
    @Spec @Nullable CommandSpec spec;

    @Option(
        names = "--classpath",
        paramLabel = "CP",
        description = "Where PROGRAM is found if it is a class, as java -cp takes it.")
    @Nullable String classpath;

    @Parameters(
        index = "0",
        paramLabel = "PROGRAM",
        description = "A .jar with a Main-Class, a .java file, or a class.")
    String program = "";

    @Override
    public Integer call() {
      PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
      try {
        Programs.javaProgram("java-check", program, classpath)
            .build()
            .check()
            .forEach(line -> out.println(LogLine.escaped(line, LogLine.LONGEST)));
        return 0;
      } catch (IOException e) {
        throw LauncherException.failed("java-check: " + e.getMessage());
      }
    }
  }
}
