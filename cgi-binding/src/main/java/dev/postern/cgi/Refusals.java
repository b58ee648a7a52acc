package dev.postern.cgi;

import java.util.Map;
import java.util.TreeMap;

/**
 * How often a host of programs has refused a request or left something out since it was built. The
 * counts are by the id of the rule. Most ids also stand in brackets at the end of log messages,
 * such as {@code dot-segment} or {@code bare-cr}. Others are of things that the host leaves out
 * without a message, such as {@code header-proxy}. Everything that this package filters is counted.
 *
 * <p>A request that is refused counts once. A field that is left out counts each time: {@code
 * header-…} are fields of a request, {@code response-…} those of a program.
 *
 * <p>{@link CgiApplication#refusals} and {@link CgiDirectory#refusals} return it. Immutable,
 * thread-safe.
 */
public final class Refusals {
  private final Map<String, Long> counts;

  private Refusals(Map<String, Long> counts) {
    this.counts = Map.copyOf(counts);
  }

  /** Makes an object of these counts, by rule. */
  public static Refusals of(Map<String, Long> counts) {
    return new Refusals(counts);
  }

  /** How often that rule was broken; 0 for a rule that was not broken or is not known. */
  public long count(String rule) {
    return counts.getOrDefault(rule, 0L);
  }

  /** How often rules were broken in all. */
  public long total() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The rules that were broken, and how often. */
  public Map<String, Long> asMap() {
    return counts;
  }

  /** The counts by rule, sorted, as {@code Refusals{bare-cr=1, header-proxy=3}}. */
  @Override
  public String toString() {
    return "Refusals" + new TreeMap<>(counts);
  }
}
