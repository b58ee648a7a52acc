package dev.postern.launcher.pages;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The completion for bash. Picocli completes words and options. But for every word that has options
 * with values, it turns off the completion of files. This class turns that on again, except for
 * values that are no files. It also adds the values that an option can have.
 */
final class Completion {
  private static final String NO_FILES = "  type compopt &>/dev/null && compopt +o default\n";
  private static final String NO_WORDS = "    local positionals=\"\"\n";

  /** The label of a value that is a file or a directory, or ends with one behind an equals sign. */
  private static final Pattern FILES = Pattern.compile("(.*=)?(DIR|FILE|PROGRAM|PATH|CP)\\b.*");

  private static final Pattern VALUES = Pattern.compile("[a-zL0-9]+(\\|[a-zL0-9]+)+");

  private Completion() {}

  static String of(CommandLine command) {
    String script = AutoComplete.bash("postern", command);
    List<String> words = new ArrayList<>(command.getSubcommands().keySet());
    for (CommandLine word : command.getSubcommands().values()) {
      CommandSpec spec = word.getCommandSpec();
      String name = "function _picocli_" + spec.qualifiedName("_").replace("-", "") + "() {\n";
      int from = script.indexOf(name);
      int to = script.indexOf("\n}\n", from);
      if (from < 0 || to < 0) {
        throw new IllegalStateException("picocli's completion must have " + name);
      }
      String own = function(spec, script.substring(from, to));
      if (spec.name().equals("help")) {
        own = replaced(own, NO_WORDS, NO_WORDS.replace("\"\"", "$'" + lines(words) + "'"));
      }
      script = script.substring(0, from) + own + script.substring(to);
    }
    return script;
  }

  /** Returns the script for zsh, which does not have the command that turns off files. */
  static String forZsh(String script) {
    return script.replaceAll(" *" + Pattern.quote(NO_FILES.strip()) + "\n", "");
  }

  private static String function(CommandSpec spec, String text) {
    String function = text.replace(NO_FILES, "");
    for (OptionSpec option : spec.options()) {
      if (option.arity().max() == 0) {
        continue;
      }
      String label = option.paramLabel();
      String start = "    '" + String.join("'|'", option.names()) + "')\n";
      String branch = start + "      return\n";
      if (VALUES.matcher(label).matches()) {
        function =
            replaced(
                function,
                branch,
                start
                    + "      COMPREPLY=( $(compgen -W '"
                    + label.replace('|', ' ')
                    + "' -- \"${curr_word}\") )\n    "
                    + NO_FILES
                    + "      return\n");
      } else if (!FILES.matcher(label).matches()) {
        function = replaced(function, branch, start + "    " + NO_FILES + "      return\n");
      }
    }
    return function;
  }

  private static String replaced(String text, String one, String other) {
    if (!text.contains(one)) {
      throw new IllegalStateException("picocli's completion must have " + one);
    }
    return text.replace(one, other);
  }

  private static String lines(List<String> words) {
    return String.join("\\n", words);
  }
}
