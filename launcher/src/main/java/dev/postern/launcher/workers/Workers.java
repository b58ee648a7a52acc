package dev.postern.launcher.workers;

import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.WorkerGroup;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The worker groups of {@code --worker}, {@code --delegate} and {@code --warm}. Globs on the path
 * of a program's URL say which group runs the program. Not thread-safe.
 */
public final class Workers {
  /** The group of {@code --warm}. */
  private static final String DEFAULT = "default";

  /** So many files are checked for a glob at most. Where there are more, it counts as matched. */
  private static final int FILES = 100_000;

  private final Map<String, WorkerGroup> groups = new LinkedHashMap<>();
  private final List<Rule> rules = new ArrayList<>();
  private final Set<String> matched = new LinkedHashSet<>();

  private record Rule(String option, String glob, WorkerGroup group) {}

  /**
   * Reads the options.
   *
   * @param made the groups of the site; new groups are added to them
   * @throws IllegalArgumentException at the first option that is wrong
   */
  public static Workers of(
      List<String> workers, List<String> delegations, List<String> warm, WorkerGroups made) {
    Workers all = new Workers();
    workers.forEach(text -> all.group(text, made));
    delegations.forEach(all::delegate);
    if (!warm.isEmpty()) {
      WorkerGroup group =
          all.groups.computeIfAbsent(
              DEFAULT, name -> made.get(name, () -> WorkerGroup.builder(name).build()));
      warm.forEach(glob -> all.rule("--warm", glob, glob, group));
    }
    return all;
  }

  /** Adds a group: {@code NAME=OPTION:VALUE,…}, or a name alone. */
  private void group(String text, WorkerGroups made) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? text : text.substring(0, equals);
    try {
      WorkerGroup.Builder builder = WorkerGroup.builder(name);
      String options = equals < 0 ? "" : text.substring(equals + 1);
      for (String option : options.isEmpty() ? new String[0] : options.split(",", -1)) {
        int colon = option.indexOf(':');
        if (colon < 1) {
          throw new IllegalArgumentException("option must be OPTION:VALUE: \"" + option + "\"");
        }
        WorkerOption.set(builder, option.substring(0, colon), option.substring(colon + 1));
      }
      if (groups.containsKey(name)) {
        throw new IllegalArgumentException("NAME must be given once");
      }
      groups.put(name, made.get(text, builder::build));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("--worker: " + e.getMessage() + ": \"" + text + "\"", e);
    }
  }

  /** Adds a rule: {@code GLOB=NAME}. */
  private void delegate(String text) {
    int equals = text.lastIndexOf('=');
    if (equals < 1 || equals == text.length() - 1) {
      throw new IllegalArgumentException("--delegate must be GLOB=NAME: \"" + text + "\"");
    }
    WorkerGroup group = groups.get(text.substring(equals + 1));
    if (group == null) {
      throw new IllegalArgumentException(
          "NAME of --delegate must be one of --worker: \"" + text + "\"");
    }
    rule("--delegate", text.substring(0, equals), text, group);
  }

  private void rule(String option, String glob, String text, WorkerGroup group) {
    try {
      if (!glob.startsWith("/")) {
        throw new IllegalArgumentException("it must start with a slash");
      }
      matcher(glob);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "GLOB of "
              + option
              + " must be a glob of paths: \""
              + text
              + "\": "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
          e);
    }
    rules.add(new Rule(option, glob, group));
  }

  private static PathMatcher matcher(String glob) {
    return FileSystems.getDefault().getPathMatcher("glob:" + glob);
  }

  // ---- mounts ----

  /** Delegates the programs of a directory. */
  public void delegate(CgiDirectory.Builder builder, String prefix, Path directory) {
    for (Rule rule : rules) {
      String below = below(rule.glob, prefix);
      if (below != null) {
        builder.delegate(below, rule.group);
        if (!matched.contains(rule.glob) && matchesAny(directory, below)) {
          matched.add(rule.glob);
        }
      }
    }
  }

  /** Delegates a program. */
  public void delegate(CgiApplication.Builder builder, String prefix) {
    Path path = Path.of(prefix.isEmpty() ? "/" : prefix);
    boolean taken = false;
    for (Rule rule : rules) {
      if (matcher(rule.glob).matches(path)) {
        matched.add(rule.glob);
        if (!taken) {
          builder.workers(rule.group);
          taken = true;
        }
      }
    }
  }

  /** Returns the group that an application at that prefix is delegated to; null for none. */
  public @Nullable WorkerGroup groupOf(String prefix) {
    Path path = Path.of(prefix.isEmpty() ? "/" : prefix);
    for (Rule rule : rules) {
      if (rule.option.equals("--delegate") && matcher(rule.glob).matches(path)) {
        matched.add(rule.glob);
        return rule.group;
      }
    }
    return null;
  }

  /** Returns what is left of a glob for paths below a prefix; null if it matches nothing there. */
  static @Nullable String below(String glob, String prefix) {
    String rest = glob;
    for (String segment : prefix.isEmpty() ? new String[0] : prefix.substring(1).split("/")) {
      int slash = rest.indexOf('/', 1);
      String first = slash < 0 ? rest.substring(1) : rest.substring(1, slash);
      if (first.contains("**")) {
        return rest;
      }
      try {
        if (slash < 0 || !matcher(first).matches(Path.of(segment))) {
          return null;
        }
      } catch (IllegalArgumentException e) {
        // The glob has braces with a slash between them, so a single segment cannot match.
        return null;
      }
      rest = rest.substring(slash);
    }
    return rest;
  }

  private static boolean matchesAny(Path directory, String glob) {
    PathMatcher matcher = matcher(glob);
    try (Stream<Path> files = Files.walk(directory)) {
      int looked = 0;
      for (Path file : (Iterable<Path>) files::iterator) {
        if (++looked > FILES) {
          // One of the others may match.
          return true;
        }
        if (Files.isRegularFile(file)
            && matcher.matches(Path.of("/").resolve(directory.relativize(file)))) {
          return true;
        }
      }
      return false;
    } catch (IOException | RuntimeException e) {
      // A file that cannot be seen may match.
      return true;
    }
  }

  /** Returns what is wrong with each glob that matches no program. */
  public Set<String> unmatched() {
    Set<String> wrong = new LinkedHashSet<>();
    for (Rule rule : rules) {
      if (!matched.contains(rule.glob)) {
        wrong.add("GLOB of " + rule.option + " must match a program: \"" + rule.glob + "\"");
      }
    }
    return wrong;
  }
}
