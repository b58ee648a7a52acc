package dev.postern.launcher.rules;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules by their ids: when each is checked, and what to do if it was broken. */
public final class Rules {
  private static final Map<String, Rule> RULES = read();

  private record Rule(Stage stage, String advice) {}

  private Rules() {}

  private static Map<String, Rule> read() {
    Map<String, Rule> rules = new LinkedHashMap<>();
    try (InputStream in = Objects.requireNonNull(Rules.class.getResourceAsStream("rules.txt"))) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        if (!line.startsWith("#")) {
          String[] parts = line.split("\\|", 3);
          Stage stage = Stage.valueOf(parts[0].toUpperCase(Locale.ROOT));
          rules.put(parts[1], new Rule(stage, parts[2]));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return rules;
  }

  /** Returns all ids. */
  public static Set<String> ids() {
    return RULES.keySet();
  }

  /**
   * Returns when the rule is checked; null if it is no rule for programs, such as a cancellation.
   */
  public static @Nullable Stage stage(String id) {
    Rule rule = RULES.get(id);
    return rule == null ? null : rule.stage;
  }

  /** Returns what to do; null if there is no advice. */
  public static @Nullable String advice(String id) {
    Rule rule = RULES.get(id);
    return rule == null ? null : rule.advice;
  }
}
