package dev.postern.launcher;

import dev.postern.launcher.values.LauncherException;
import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code postern help} prints the {@code --help} text of the command or of one word. */
@Command(name = "help", description = "Tell about the command, or about one word.")
final class HelpCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "WORD", description = "Default: the command.")
  @Nullable String word;

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
