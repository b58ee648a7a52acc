package dev.postern.warm;

import dev.postern.process.RunningProgram;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a group to a request: a program that runs, or why a process of its own must run it.
 *
 * @param program null for none
 * @param how {@code fork} or {@code reuse}; "" where there is no program
 * @param cold why a process of its own must run the request; "" where there is a program
 */
public record WarmStart(@Nullable RunningProgram program, String how, String cold) {
  private static final String BUSY = "all of its workers are busy";

  static WarmStart of(RunningProgram program, String how) {
    return new WarmStart(program, how, "");
  }

  /** All processes that may run the request are busy. */
  static WarmStart busy() {
    return new WarmStart(null, "", BUSY);
  }

  /** Whether all processes that may run the request are busy. */
  public boolean isBusy() {
    return cold.equals(BUSY);
  }

  static WarmStart cold(String why) {
    return new WarmStart(null, "", why);
  }
}
