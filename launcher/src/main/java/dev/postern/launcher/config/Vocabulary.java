package dev.postern.launcher.config;

import com.google.common.collect.Sets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * The options of {@code serve} as picocli knows them, and the kinds of mounts that can have each.
 * Arguments are words of the form {@code --name=value}.
 */
public final class Vocabulary {
  /** Options of a command line only, as they say what to do with a file. */
  private static final Set<String> NOT_IN_A_FILE =
      Set.of("--config", "--check", "--watch", "--help");

  /** Names that are longer, or plainer, for use in a file. */
  private static final Map<String, String> ALIASES =
      new TreeMap<>(
          Map.of(
              "environment", "env",
              "directory", "cwd",
              "arguments", "argument",
              "methods", "method"));

  /** Options of the server that hold from the next reading of the file on. */
  private static final Set<String> OF_EACH_READING = Set.of("--status", "--status-from");

  private static final String PREFIX = "PREFIX=";

  /** Options of one kind of mount, beside those that all mounts can have. */
  private static final Map<String, Set<String>> KINDS =
      Map.of(
          "--app", Set.of("--classpath", "--lint"),
          "--files", Set.of("--index"),
          "--java-cgi", Set.of("--classpath", "--java-state", "--argument"));

  private static final Set<String> OF_ALL_MOUNTS = Set.of("--htpasswd");
  private static final Set<String> OF_PROGRAMS = Set.of("--argument");

  /** Options of directories only. */
  private static final Set<String> OF_DIRECTORIES =
      Set.of("--index", "--follow-links", "--allow", "--root", "--java");

  private static final Set<String> OF_JAVA = Set.of("--classpath", "--java-state", "--lint");

  /** Options about processes that Postern starts. */
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
   * Reads the options of a command. Its mixin {@code server} has the options of the server as a
   * whole. The other mixin is {@code hosting}.
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

  /** Returns the option that a key of a file stands for; null for none. */
  @Nullable OptionSpec option(String key) {
    return find("--" + ALIASES.getOrDefault(key, key));
  }

  /** Returns each further key with the option's own key that it stands for. */
  Map<String, String> aliases() {
    return ALIASES;
  }

  private @Nullable OptionSpec find(String name) {
    return NOT_IN_A_FILE.contains(name) ? null : spec.findOption(name);
  }

  /** Returns the options that a file can have, in the order of the help. */
  List<OptionSpec> options() {
    List<OptionSpec> options = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (find(option.longestName()) != null) {
        options.add(option);
      }
    }
    return options;
  }

  /** Returns all keys that a file can have. */
  List<String> keys() {
    List<String> keys = new ArrayList<>();
    options().forEach(option -> keys.add(option.longestName().substring(2)));
    keys.addAll(ALIASES.keySet());
    return keys;
  }

  // ---- what an option is about ----

  /** Returns whether the option holds for the server as a whole. */
  boolean isServer(OptionSpec option) {
    return server.contains(option);
  }

  /** Returns whether the option says what is served under a prefix. */
  boolean isMount(OptionSpec option) {
    return option.paramLabel().startsWith(PREFIX);
  }

  /** Returns the keys of which each mount has exactly one. */
  List<String> mounts() {
    List<String> mounts = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (isMount(option)) {
        mounts.add(option.longestName().substring(2));
      }
    }
    return mounts;
  }

  /** Returns whether a mount of that kind can have the option. */
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

  /** Returns whether each value of the option is a name with a value. */
  boolean isPair(OptionSpec option) {
    return option.isMultiValue() && !isMount(option) && option.paramLabel().contains("=");
  }

  // ---- words ----

  /**
   * Returns the arguments of a command that hold for each of its mounts. They neither name a mount
   * nor hold for the server.
   */
  public List<String> defaults(ParseResult parsed) {
    return words(parsed, option -> !isMount(option) && !isServer(option));
  }

  /** Returns the arguments of a command that a file could have. */
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

  /**
   * Returns the options of the server that two readings of a file give different values, without
   * those that each reading applies.
   */
  public Set<String> changed(ParseResult before, ParseResult now) {
    Predicate<OptionSpec> fixed =
        option -> isServer(option) && !OF_EACH_READING.contains(option.longestName());
    Set<String> names = new TreeSet<>();
    Sets.symmetricDifference(Set.copyOf(words(before, fixed)), Set.copyOf(words(now, fixed)))
        .forEach(word -> names.add(word.substring(0, word.indexOf('='))));
    return names;
  }

  /** Returns the options that stand in arguments. */
  public Set<String> names(ParseResult parsed) {
    Set<String> names = new LinkedHashSet<>();
    parsed.matchedOptionsSet().forEach(option -> names.add(option.longestName()));
    return names;
  }

  static String word(OptionSpec option, String value) {
    return option.longestName() + "=" + value;
  }

  /**
   * Merges defaults with a mount's own words. A default is left out if the mount has the same
   * option. If the option's values are names with values, the default is left out only if the mount
   * has the same name.
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

  /** Returns what an own word overrides: the option, with the name in its value if there is one. */
  private String place(String word) {
    int equals = word.indexOf('=');
    String name = word.substring(0, equals);
    String value = word.substring(equals + 1);
    OptionSpec option = Objects.requireNonNull(spec.findOption(name));
    if (isMount(option)) {
      return word;
    }
    // A command of --interpreter may have an equals sign, and no extension in front of it.
    boolean unnamed = option.paramLabel().startsWith("[") && value.startsWith("/");
    int inner = isPair(option) && !unnamed ? value.indexOf('=') : -1;
    return inner < 0 ? name : name + " " + value.substring(0, inner);
  }
}
