package dev.postern.cgi;

import dev.postern.GatewayException;
import dev.postern.wire.Refusal;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts by rule, touched only when something is refused or dropped. Thread-safe. */
final class RefusalCounters {
  private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

  void count(String rule) {
    counts.computeIfAbsent(rule, key -> new LongAdder()).increment();
  }

  /** Counts a failure by its rule, and hands it back to be thrown. */
  GatewayException counted(GatewayException e) {
    count(Refusal.rule(e));
    return e;
  }

  Refusals snapshot() {
    Map<String, Long> snapshot = new HashMap<>();
    counts.forEach((rule, count) -> snapshot.put(rule, count.sum()));
    return new Refusals(snapshot);
  }
}
