package dev.postern.hosting;

import dev.postern.GatewayException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.function.LongSupplier;

/** The places that one run has taken. {@link #close} gives them back once. Not thread-safe. */
public final class Places implements AutoCloseable {
  private final List<Permits> limits;
  private int held;

  private Places(List<Permits> limits) {
    this.limits = limits;
  }

  /**
   * Takes a place of each limit, in their order. The program's own limit comes first, so that
   * requests that wait for a hung program take no place from others. Each limit's wait counts from
   * the start of this call, so that the waits do not add up.
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
