package dev.postern.internal;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Looks for an exception among the causes of another one. */
public final class Causes {
  /** How many are looked at. There is a limit, because a chain of causes may be a circle. */
  private static final int DEPTH = 50;

  private Causes() {}

  /** The first of {@code error} and its causes that is wanted; null when there is none. */
  public static @Nullable Throwable first(Throwable error, Predicate<Throwable> wanted) {
    Throwable cause = error;
    for (int depth = 0; cause != null && depth < DEPTH; depth++) {
      if (wanted.test(cause)) {
        return cause;
      }
      cause = cause.getCause();
    }
    return null;
  }
}
