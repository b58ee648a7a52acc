package dev.postern.launcher.pages;

import dev.postern.launcher.CommandWords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/**
 * Writes the manual pages and the completions. The build runs this class; no word of the command
 * does.
 */
public final class Pages {
  /** What zsh needs around a completion that was written for bash. */
  private static final String ZSH =
      """
      #compdef postern
      autoload -Uz +X compinit bashcompinit && bashcompinit
      """;

  private Pages() {}

  /**
   * Writes the files below the directory {@code args[0]}, as they lie below {@code share}.
   *
   * @param args the directory, and the version that the pages tell
   */
  public static void main(String[] args) throws IOException {
    write(Path.of(args[0]), args[1]);
  }

  static void write(Path share, String version) throws IOException {
    CommandLine command = CommandWords.commandLine();
    Path manual = Files.createDirectories(share.resolve("man/man1"));
    Files.writeString(manual.resolve("postern.1"), ManualPage.of(command, version));
    for (CommandLine word : command.getSubcommands().values()) {
      String name = word.getCommandSpec().qualifiedName("-");
      Files.writeString(manual.resolve(name + ".1"), ManualPage.of(word, version));
    }
    String bash = Completion.of(command);
    Path completions = Files.createDirectories(share.resolve("bash-completion/completions"));
    Files.writeString(completions.resolve("postern"), bash);
    Path functions = Files.createDirectories(share.resolve("zsh/vendor-completions"));
    Files.writeString(functions.resolve("_postern"), zsh(bash));
  }

  /**
   * Returns the script for zsh. zsh loads the script when it completes postern for the first time,
   * so the last line makes that completion, too.
   */
  private static String zsh(String bash) {
    return ZSH
        + Completion.forZsh(bash)
        + "_bash_complete -o bashdefault -o default -F _complete_postern\n";
  }
}
