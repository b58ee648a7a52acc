package dev.postern.launcher.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The options of {@code serve} as picocli knows them: which there are, what they are about, and of
 * which mounts. Arguments are words of the form {@code --name=value}.
 */
public final class Vocabulary {
  /** Only on a command line: they say what to do with a file. */
  private static final Set<String> NOT_IN_A_FILE =
      Set.of("--config", "--check", "--watch", "--help");

  /** Words that are longer, or plainer, in a file. */
  private static final Map<String, String> ALIASES =
      new TreeMap<>(
          Map.of(
              "environment", "env",
              "directory", "cwd",
              "arguments", "argument",
              "methods", "method"));

  private static final String PREFIX = "PREFIX=";

  /** What a mount of that kind can be told, beside what all mounts can. */
  private static final Map<String, Set<String>> KINDS =
      Map.of(
          "--app", Set.of("--classpath", "--lint"),
          "--files", Set.of("--index"),
          "--java-cgi", Set.of("--classpath", "--java-state", "--argument"));

  private static final Set<String> OF_ALL_MOUNTS = Set.of("--htpasswd");
  private static final Set<String> OF_PROGRAMS = Set.of("--argument");

  /** What only files of a directory have. */
  private static final Set<String> OF_DIRECTORIES =
      Set.of("--index", "--follow-links", "--allow", "--root", "--java");

  private static final Set<String> OF_JAVA = Set.of("--classpath", "--java-state", "--lint");

  /** What is about processes that we start. */
  private static final Set<String> OF_PROCESSES =
      Set.of(
          "--cwd",
          "--interpreter",
          "--program-limit",
          "--allow-set-id",
          "--nph",
          "--strict-ownership",
          "--refuse-root");

  private static final Set<String> OF_WORKERS = Set.of("--worker", "--delegate", "--warm");

  private final CommandSpec spec;
  private final Set<OptionSpec> server;
  private final Set<String> isolation = new LinkedHashSet<>();

  /**
   * The options of that command, whose mixins are called {@code server}, for the options of the
   * server as a whole, and {@code hosting}.
   */
  public Vocabulary(CommandSpec spec) {
    this.spec = spec;
    this.server = new LinkedHashSet<>(mixin(spec, "server").options());
    mixin(mixin(spec, "hosting"), "isolation")
        .options()
        .forEach(option -> isolation.add(option.longestName()));
  }

  private static CommandSpec mixin(CommandSpec of, String name) {
    return Objects.requireNonNull(of.mixins().get(name));
  }

  /** The option that a key of a file stands for; null for none. */
  @Nullable OptionSpec option(String key) {
    return find("--" + ALIASES.getOrDefault(key, key));
  }

  /** Further keys of options, by the option's own. */
  Map<String, String> aliases() {
    return ALIASES;
  }

  private @Nullable OptionSpec find(String name) {
    return NOT_IN_A_FILE.contains(name) ? null : spec.findOption(name);
  }

  /** The options that a file can have, in the order of the help. */
  List<OptionSpec> options() {
    List<OptionSpec> options = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (find(option.longestName()) != null) {
        options.add(option);
      }
    }
    return options;
  }

  /** Keys that look like that one, the most alike first. */
  List<String> alike(String key) {
    CommandSpec keys = CommandSpec.create();
    options().forEach(option -> keys.addOption(key(option.longestName())));
    ALIASES.keySet().forEach(alias -> keys.addOption(key("--" + alias)));
    try {
      new CommandLine(keys).parseArgs("--" + key);
    } catch (UnmatchedArgumentException e) {
      return e.getSuggestions().stream().map(name -> name.substring(2)).toList();
    } catch (ParameterException e) {
      // It has blanks, or an equals sign.
    }
    return List.of();
  }

  private static OptionSpec key(String name) {
    return OptionSpec.builder(name).type(boolean.class).build();
  }

  // ---- what an option is about ----

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

  /** Whether a mount of that kind can be told that. */
  boolean holds(String kind, OptionSpec option) {
    String name = option.longestName();
    if (name.equals(kind) || OF_ALL_MOUNTS.contains(name)) {
      return true;
    }
    if (isServer(option) || isMount(option)) {
      return false;
    }
    Set<String> own = KINDS.get(kind);
    if (own != null && own.contains(name)) {
      return true;
    }
    return switch (kind) {
      case "--app", "--files" -> false;
      case "--cgi" -> !OF_DIRECTORIES.contains(name) && !OF_JAVA.contains(name);
      case "--cgi-dir" -> !OF_PROGRAMS.contains(name) && !OF_JAVA.contains(name);
      default -> isOfAllPrograms(name) || isOfWorkers(kind, name);
    };
  }

  private static boolean isOfWorkers(String kind, String name) {
    return (kind.equals("--wsgi") || kind.equals("--psgi")) && OF_WORKERS.contains(name);
  }

  private boolean isOfAllPrograms(String name) {
    return !OF_DIRECTORIES.contains(name)
        && !OF_PROGRAMS.contains(name)
        && !OF_JAVA.contains(name)
        && !OF_PROCESSES.contains(name)
        && !OF_WORKERS.contains(name)
        && !isolation.contains(name);
  }

  boolean isFlag(OptionSpec option) {
    return option.typeInfo().isBoolean();
  }

  /** Its values are names with values. */
  boolean isPair(OptionSpec option) {
    return option.isMultiValue() && !isMount(option) && option.paramLabel().contains("=");
  }

  // ---- words ----

  /**
   * The arguments of a command that hold for each of its mounts: neither what is mounted, nor what
   * is the server's.
   */
  public List<String> defaults(ParseResult parsed) {
    return words(parsed, option -> !isMount(option) && !isServer(option));
  }

  /** The arguments of a command that a file could have. */
  public List<String> words(ParseResult parsed) {
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
        Object value = matched.getValue();
        words.add(word(option, String.valueOf(value)));
        continue;
      }
      for (String value : matched.originalStringValues()) {
        words.add(word(option, value));
      }
    }
    return words;
  }

  /** The options that stand in arguments. */
  public Set<String> names(ParseResult parsed) {
    Set<String> names = new LinkedHashSet<>();
    parsed.matchedOptionsSet().forEach(option -> names.add(option.longestName()));
    return names;
  }

  static String word(OptionSpec option, String value) {
    return option.longestName() + "=" + value;
  }

  /**
   * Defaults and what takes their place: names with values of which the mount has its own are left
   * out of the defaults, and so are lists of which it has its own.
   */
  public List<String> merged(List<String> defaults, List<String> own) {
    Set<String> taken = new LinkedHashSet<>();
    own.forEach(word -> taken.add(place(word)));
    List<String> words = new ArrayList<>();
    for (String word : defaults) {
      if (!taken.contains(place(word))) {
        words.add(word);
      }
    }
    words.addAll(own);
    return words;
  }

  /** What only one of the two sides can say: the option, with the name in its value for pairs. */
  private String place(String word) {
    int equals = word.indexOf('=');
    String name = word.substring(0, equals);
    String value = word.substring(equals + 1);
    OptionSpec option = Objects.requireNonNull(spec.findOption(name));
    if (isMount(option)) {
      return word;
    }
    int inner = isPair(option) ? value.indexOf('=') : -1;
    return inner < 0 ? name : name + " " + value.substring(0, inner);
  }
}
