package dev.postern.cgi;

import java.util.Map;
import java.util.TreeMap;

/**
 * How often a host of programs refused or left something out since it was built, by rule: the ids
 * that stand in brackets at the end of log messages, such as {@code dot-segment} or {@code
 * bare-cr}, and those of what is dropped without a message, such as {@code header-proxy}. Nothing
 * that this package filters is filtered unseen.
 *
 * <p>A request that is refused counts once. A field that is dropped counts each time: {@code
 * header-…} are a request's, {@code response-…} a program's.
 *
 * <p>Taken by {@link CgiApplication#refusals} and {@link CgiDirectory#refusals}. Immutable,
 * thread-safe.
 */
public final class Refusals {
  private final Map<String, Long> counts;

  private Refusals(Map<String, Long> counts) {
    this.counts = Map.copyOf(counts);
  }

  /** Those counts, by rule. */
  public static Refusals of(Map<String, Long> counts) {
    return new Refusals(counts);
  }

  /** How often that rule was met with; 0 for one that was not, or that is not known. */
  public long count(String rule) {
    return counts.getOrDefault(rule, 0L);
  }

  /** How often rules were met with in all. */
  public long total() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The rules that were met with, and how often. */
  public Map<String, Long> asMap() {
    return counts;
  }

  /** The counts by rule, sorted, as {@code Refusals{bare-cr=1, header-proxy=3}}. */
  @Override
  public String toString() {
    return "Refusals" + new TreeMap<>(counts);
  }
}
