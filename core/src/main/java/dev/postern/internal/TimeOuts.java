package dev.postern.internal;

import java.net.SocketTimeoutException;
import java.util.concurrent.TimeoutException;

/** Tells a peer that is too slow from one that is gone. */
public final class TimeOuts {
  private TimeOuts() {}

  /**
   * Whether a read or a write has failed because its time was over. Containers throw exceptions of
   * their own, which have the JDK's exception as a cause.
   */
  public static boolean isTimeOut(Throwable error) {
    return Causes.first(
            error, e -> e instanceof SocketTimeoutException || e instanceof TimeoutException)
        != null;
  }
}
