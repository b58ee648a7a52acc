package dev.postern.inprocess;

import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;

/**
 * How a program runs.
 *
 * @param instances how many requests it serves at once
 * @param idle after how long an instance that has nothing to do ends
 * @param maxRequests after how many an instance is given up
 * @param stopGrace how long what must end may take to end
 * @param abandonedLimit how many instances that could not be stopped there may be
 */
public record ProgramOptions(
    List<String> arguments,
    State state,
    int instances,
    Duration idle,
    long maxRequests,
    Charset charset,
    Duration stopGrace,
    int abandonedLimit,
    boolean polls,
    boolean jvmWide,
    boolean directReflection) {
  /** What is left of one request when the next one begins. */
  public enum State {
    RESET,
    FRESH,
    KEPT
  }
}
