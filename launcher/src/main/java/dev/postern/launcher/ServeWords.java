package dev.postern.launcher;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The options of {@code serve} as picocli knows them: which there are, and what they are about. */
final class ServeWords {
  /** Only on a command line: they say what to do with a file. */
  private static final Set<String> NOT_IN_A_FILE =
      Set.of("--config", "--check", "--watch", "--help");

  private static final String PREFIX = "PREFIX=";

  private final CommandSpec spec = new CommandLine(new ServeCommand()).getCommandSpec();

  private final Set<OptionSpec> server =
      new LinkedHashSet<>(Objects.requireNonNull(spec.mixins().get("server")).options());

  /**
   * The command with those arguments. A later one takes the place of an earlier one where there can
   * be only one.
   *
   * @throws LauncherException when they are wrong
   */
  static ServeCommand parse(List<String> arguments) {
    ServeCommand command = new ServeCommand();
    CommandLine line = new CommandLine(command);
    line.setOverwrittenOptionsAllowed(true);
    line.setExpandAtFiles(false);
    try {
      line.parseArgs(arguments.toArray(new String[0]));
    } catch (ParameterException e) {
      throw PosternCommand.badArgument(e);
    }
    return command;
  }

  /** The option of that name, if a file may have it. */
  @Nullable OptionSpec find(String name) {
    return NOT_IN_A_FILE.contains(name) ? null : spec.findOption(name);
  }

  /** Keys that look like that one, the most alike first. */
  List<String> alike(String key) {
    try {
      new CommandLine(new ServeCommand()).parseArgs("--" + key);
      return List.of();
    } catch (UnmatchedArgumentException e) {
      List<String> alike = new ArrayList<>();
      for (String name : e.getSuggestions()) {
        if (find(name) != null) {
          alike.add(name.substring(2));
        }
      }
      return alike;
    } catch (ParameterException e) {
      return List.of();
    }
  }

  /** It holds for the server as a whole. */
  boolean isServer(OptionSpec option) {
    return server.contains(option);
  }

  /** It says what is served under a prefix. */
  boolean isMount(OptionSpec option) {
    return option.paramLabel().startsWith(PREFIX);
  }

  /** The keys of which a mount has one. */
  List<String> mounts() {
    List<String> mounts = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (isMount(option)) {
        mounts.add(option.longestName().substring(2));
      }
    }
    return mounts;
  }

  boolean isFlag(OptionSpec option) {
    return option.typeInfo().isBoolean();
  }

  /** Its values are names with values. */
  boolean isPair(OptionSpec option) {
    return option.isMultiValue() && !isMount(option) && option.paramLabel().contains("=");
  }

  /** Its values are files or directories. */
  boolean isPath(OptionSpec option) {
    String label = option.paramLabel();
    String value = label.substring(label.indexOf('=') + 1);
    return value.startsWith("DIR")
        || value.startsWith("FILE")
        || value.startsWith("PROGRAM")
        || value.equals("CP");
  }

  /**
   * The arguments of a command that hold for each of its mounts: neither what is mounted, nor what
   * is the server's.
   */
  List<String> defaults(ParseResult parsed) {
    return words(parsed, option -> !isMount(option) && !isServer(option));
  }

  /** The arguments of a command that a file could have. */
  List<String> words(ParseResult parsed) {
    return words(parsed, option -> true);
  }

  private List<String> words(ParseResult parsed, Predicate<OptionSpec> wanted) {
    List<String> words = new ArrayList<>();
    for (OptionSpec matched : parsed.matchedOptionsSet()) {
      OptionSpec option = find(matched.longestName());
      if (option == null || !wanted.test(option)) {
        continue;
      }
      if (isFlag(option)) {
        words.add(option.longestName() + "=" + matched.getValue());
        continue;
      }
      for (String value : matched.originalStringValues()) {
        words.add(option.longestName());
        words.add(value);
      }
    }
    return words;
  }

  /**
   * Defaults and what takes their place: names with values of which the mount has its own are left
   * out of the defaults.
   */
  List<String> merged(List<String> defaults, List<String> own) {
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i + 1 < own.size(); i++) {
      String name = pairName(own.get(i), own.get(i + 1));
      if (name != null) {
        names.add(name);
      }
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < defaults.size(); i++) {
      String next = i + 1 < defaults.size() ? defaults.get(i + 1) : "";
      String name = pairName(defaults.get(i), next);
      if (name != null && names.contains(name)) {
        i++;
      } else {
        words.add(defaults.get(i));
      }
    }
    words.addAll(own);
    return words;
  }

  /** The option and the name in its value; null when the word is no such option. */
  private @Nullable String pairName(String word, String value) {
    OptionSpec option = word.startsWith("--") ? spec.findOption(word) : null;
    int equals = value.indexOf('=');
    return option == null || !isPair(option) || equals < 0
        ? null
        : word + " " + value.substring(0, equals);
  }
}
