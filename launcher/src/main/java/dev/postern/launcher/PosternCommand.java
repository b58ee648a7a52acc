package dev.postern.launcher;

import dev.postern.launcher.hosting.Programs;
import dev.postern.launcher.run.ReplayCommand;
import dev.postern.launcher.run.RunCommand;
import dev.postern.launcher.values.Alike;
import dev.postern.launcher.values.LauncherException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The words of the command. A failure is printed as one line, never as a stack. */
@Command(
    name = "postern",
    description = "Serve Java handlers and CGI programs, and install handlers as CGI executables.",
    versionProvider = PosternCommand.Version.class,
    synopsisSubcommandLabel = "WORD",
    commandListHeading = "%nWords:%n",
    optionListHeading = "%nOptions:%n",
    footer = {"", "postern help WORD explains one word."},
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:after a clean stop", "1:a failure", "2:the arguments are wrong"})
final class PosternCommand implements Runnable {
  private static final Map<String, Class<?>> WORDS = words();

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

  private static Map<String, Class<?>> words() {
    Map<String, Class<?>> words = new LinkedHashMap<>();
    words.put("demo", DemoCommand.class);
    words.put("serve", ServeCommand.class);
    words.put("cgi", CgiCommand.class);
    words.put("fcgi", GatewayCommand.FastCgi.class);
    words.put("scgi", GatewayCommand.Scgi.class);
    words.put("install", InstallCommand.class);
    words.put("warm", WarmCommand.class);
    words.put("run", RunCommand.class);
    words.put("replay", ReplayCommand.class);
    words.put("java-check", JavaCheck.class);
    words.put("help", HelpCommand.class);
    return words;
  }

  /** The command with all of its words. */
  static CommandLine whole() {
    CommandLine line = new CommandLine(new PosternCommand());
    WORDS.forEach(line::addSubcommand);
    line.getSubcommands().values().forEach(HelpCommand::addHeadings);
    return line;
  }

  /**
   * The command with the word that is called, or with all words if none is. picocli reads the
   * options of each word by reflection. To read those of all words takes a fifth of the start.
   */
  private static CommandLine line(String... args) {
    Class<?> word = args.length == 0 ? null : WORDS.get(args[0]);
    if (word == null || word == HelpCommand.class) {
      return whole();
    }
    CommandLine line = new CommandLine(new PosternCommand()).addSubcommand(args[0], word);
    line.getSubcommands().values().forEach(HelpCommand::addHeadings);
    return line;
  }

  /** Runs the command line, and returns its exit code. */
  static int execute(PrintStream out, PrintStream err, String... args) {
    PrintWriter outWriter = new PrintWriter(out, true, StandardCharsets.UTF_8);
    PrintWriter errWriter = new PrintWriter(err, true, StandardCharsets.UTF_8);
    CommandLine line = line(args);
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
      String argument = unmatched.getUnmatched().get(0);
      return LauncherException.badArgument(
          what + ": \"" + argument + "\"" + suggestion(unmatched, argument));
    }
    return LauncherException.badArgument(String.valueOf(e.getMessage()));
  }

  /** picocli would suggest any option that begins with the same two letters. */
  private static String suggestion(UnmatchedArgumentException e, String argument) {
    if (!e.isUnknownOption()) {
      return Alike.suggestion(argument, e.getSuggestions());
    }
    List<String> names =
        e.getCommandLine().getCommandSpec().options().stream()
            .filter(option -> !option.hidden())
            .map(OptionSpec::longestName)
            .toList();
    return Alike.suggestion(argument.split("=", 2)[0], names);
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
        "Check a Java CGI program for --java-cgi, without running it.",
        "It lists the calls that would be redirected or refused if the program ran inside the "
            + "server, and the classes that could not be initialized again."
      },
      sortOptions = false)
  static final class JavaCheck implements Callable<Integer> {
    @Spec @Nullable CommandSpec spec;

    @Option(
        names = "--classpath",
        paramLabel = "CP",
        description = "Where PROGRAM is if it is a class, in the form of java -cp.")
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
        Programs.javaProgram("java-check", program, ApplicationLoader.entries(classpath))
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
