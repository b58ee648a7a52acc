package dev.postern.launcher;

import static picocli.CommandLine.Model.UsageMessageSpec.SECTION_KEY_OPTION_LIST;

import dev.postern.launcher.hosting.HostingOptions;
import dev.postern.launcher.hosting.IsolationOptions;
import dev.postern.launcher.run.RunCommand;
import dev.postern.launcher.values.LauncherException;
import java.io.PrintWriter;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern help} prints the {@code --help} text of the command or of one word. */
@Command(name = "help", description = "Explain the command, or one word.")
final class HelpCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "WORD",
      description = "The word to explain. Default: the command.")
  @Nullable String word;

  /** The headings in the help of a word, by the class that declares the options below it. */
  private static final Map<Class<?>, String> HEADINGS =
      Map.of(
          ServeCommand.class, "What to serve:",
          ServerOptions.class, "The server:",
          RunCommand.class, "The request:",
          HostingOptions.class, "Programs:",
          IsolationOptions.class, "Isolation of programs:");

  /** Makes the help of a word with many options show them below headings. */
  static void addHeadings(CommandLine word) {
    if (word.getCommand() instanceof ServeCommand || word.getCommand() instanceof RunCommand) {
      word.getHelpSectionMap().put(SECTION_KEY_OPTION_LIST, HelpCommand::optionsBelowHeadings);
    }
  }

  private static String optionsBelowHeadings(Help help) {
    Map<String, List<OptionSpec>> topics = new LinkedHashMap<>();
    for (OptionSpec option : help.commandSpec().options()) {
      boolean isField = option.userObject() instanceof Field;
      Class<?> owner = isField ? ((Field) option.userObject()).getDeclaringClass() : Object.class;
      String heading = HEADINGS.getOrDefault(owner, "");
      topics.computeIfAbsent(heading, key -> new ArrayList<>()).add(option);
    }
    StringBuilder text = new StringBuilder(16 * 1024);
    topics.forEach(
        (heading, options) ->
            text.append(String.format("%n"))
                .append(heading.isEmpty() ? "" : String.format("%s%n", heading))
                .append(help.optionListExcludingGroups(options)));
    return text.toString();
  }

  @Override
  public void run() {
    CommandLine command = Objects.requireNonNull(spec).commandLine().getParent();
    CommandLine asked = word == null ? command : command.getSubcommands().get(word);
    if (asked == null) {
      throw LauncherException.badArgument("unknown word: \"" + word + "\"");
    }
    PrintWriter out = command.getOut();
    asked.usage(out);
    out.flush();
  }
}
