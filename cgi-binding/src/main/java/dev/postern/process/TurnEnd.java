package dev.postern.process;

import java.util.List;

/**
 * How a worker has ended a request. Immutable.
 *
 * @param code as {@link Exit} has it
 * @param left what the script has left behind in the worker, by names of the worker's; empty where
 *     nothing was found, or nobody looks
 */
public record TurnEnd(int code, List<String> left) {
  /** One of a worker that did not tell. */
  public TurnEnd(int code) {
    this(code, List.of());
  }
}
