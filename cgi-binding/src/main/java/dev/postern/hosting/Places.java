package dev.postern.hosting;

import dev.postern.GatewayException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.function.LongSupplier;

/** The places that one run has taken. Given back once. Not thread-safe. */
public final class Places implements AutoCloseable {
  private final List<Permits> limits;
  private int held;

  private Places(List<Permits> limits) {
    this.limits = limits;
  }

  /**
   * Takes a place of each limit, in their order: the program's own first, so that requests that
   * wait for a hung program take no place from others. No limit's wait is exceeded by all of them
   * together.
   */
  public static Places take(List<Permits> limits, LongSupplier clock)
      throws GatewayException, InterruptedIOException {
    Places places = new Places(limits);
    long start = clock.getAsLong();
    try {
      for (Permits limit : limits) {
        limit.acquire(clock.getAsLong() - start);
        places.held++;
      }
      return places;
    } catch (Throwable e) {
      places.close();
      throw e;
    }
  }

  @Override
  public void close() {
    while (held > 0) {
      limits.get(--held).release();
    }
  }
}
