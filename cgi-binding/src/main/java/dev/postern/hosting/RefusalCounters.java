package dev.postern.hosting;

import dev.postern.GatewayException;
import dev.postern.wire.Refusal;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/** Counts by rule, touched only when something is refused or dropped. Thread-safe. */
public final class RefusalCounters {
  private final AtomicBoolean withheldTold = new AtomicBoolean();

  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

  /** Counts one more for that rule. */
  public void count(String rule) {
    counts.computeIfAbsent(rule, key -> new LongAdder()).increment();
  }

  /** Counts a failure by its rule, and hands it back to be thrown. */
  public GatewayException counted(GatewayException e) {
    count(Refusal.rule(e));
    return e;
  }

  /** The counts so far, by rule. */
  public Map<String, Long> snapshot() {
    Map<String, Long> snapshot = new HashMap<>();
    counts.forEach((rule, count) -> snapshot.put(rule, count.sum()));
    return snapshot;
  }

  /** True once, so that the log tells only once that credentials are withheld. */
  boolean isFirstWithheld() {
    return !withheldTold.getAndSet(true);
  }
}
