package dev.postern.process;

import java.util.List;

/**
 * How a worker has ended a request. Immutable.
 *
 * @param code a code of {@link Exit}
 * @param left names, chosen by the worker, of what the script has left behind in the worker; empty
 *     if it found nothing, or does not look
 */
public record TurnEnd(int code, List<String> left) {
  /** The end of a request of which the worker did not tell what was left behind. */
  public TurnEnd(int code) {
    this(code, List.of());
  }
}
