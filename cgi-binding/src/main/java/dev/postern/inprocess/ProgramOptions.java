package dev.postern.inprocess;

import java.nio.charset.Charset;
import java.time.Duration;
import java.util.List;

/**
 * How a program runs.
 *
 * @param instances how many requests it serves at once
 * @param idle after how long an idle instance ends
 * @param maxRequests after how many requests an instance is discarded
 * @param stopGrace how long an instance that must stop may take to end
 * @param abandonedLimit with so many instances that could not be stopped, requests are refused
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
