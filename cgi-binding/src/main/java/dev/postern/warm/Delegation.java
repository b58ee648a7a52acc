package dev.postern.warm;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides which group runs which program, by globs on the program's path below its directory.
 * Nothing of a request counts but the program that was chosen for it. Immutable.
 *
 * @param <G> the type of a group
 */
public final class Delegation<G> {
  private record Rule<G>(@Nullable PathMatcher matcher, G group) {}

  private final List<Rule<G>> rules;

  /** Has no rules. */
  public Delegation() {
    this(List.of());
  }

  private Delegation(List<Rule<G>> rules) {
    this.rules = List.copyOf(rules);
  }

  /**
   * The same with one rule more, which applies where no earlier rule does.
   *
   * @param glob as {@link java.nio.file.FileSystem#getPathMatcher} knows them; it begins with a
   *     slash
   * @throws IllegalArgumentException when it is no such glob
   */
  public Delegation<G> with(String glob, G group) {
    if (!glob.startsWith("/")) {
      throw new IllegalArgumentException("glob must start with a slash: " + glob);
    }
    return and(FileSystems.getDefault().getPathMatcher("glob:" + glob), group);
  }

  /** The same with a rule for all programs that no earlier rule is for. */
  public Delegation<G> withRest(G group) {
    return and(null, group);
  }

  private Delegation<G> and(@Nullable PathMatcher matcher, G group) {
    List<Rule<G>> all = new ArrayList<>(rules);
    all.add(new Rule<>(matcher, group));
    return new Delegation<>(all);
  }

  /** Whether no program is delegated. */
  public boolean isEmpty() {
    return rules.isEmpty();
  }

  /** All groups, in the order of their rules. */
  public List<G> groups() {
    return rules.stream().map(Rule::group).toList();
  }

  /** The group of a program below a directory; null for none. */
  public @Nullable G of(Path directory, Path program) {
    if (rules.isEmpty()) {
      return null;
    }
    Path path = Path.of("/").resolve(directory.relativize(program));
    for (Rule<G> rule : rules) {
      if (rule.matcher == null || rule.matcher.matches(path)) {
        return rule.group;
      }
    }
    return null;
  }
}
