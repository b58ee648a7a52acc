package dev.postern.inprocess;

import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** Removes from a stack trace the frames that this package adds around a program's own. */
final class Traces {
  private static final String OURS = Traces.class.getPackageName() + ".";

  private Traces() {}

  static void clean(Throwable e) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Throwable at = e; at != null && seen.add(at); at = at.getCause()) {
      StackTraceElement[] trace = at.getStackTrace();
      int end = trace.length;
      for (int i = 0; i < trace.length; i++) {
        if (trace[i].getClassName().equals(Own.class.getName())) {
          end = i;
          break;
        }
      }
      StackTraceElement[] kept =
          Arrays.stream(trace, 0, end)
              .filter(frame -> !frame.getClassName().startsWith(OURS))
              .filter(frame -> !frame.getMethodName().startsWith("postern$"))
              .toArray(StackTraceElement[]::new);
      if (kept.length < trace.length) {
        at.setStackTrace(kept);
      }
    }
  }
}
