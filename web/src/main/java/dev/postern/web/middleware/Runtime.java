package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Middleware;
import dev.postern.web.internal.ChangedHeaders;
import dev.postern.web.internal.Wrapped;
import java.util.function.LongSupplier;

/**
 * Says in {@code X-Runtime} how long the application took to start its response, in seconds: {@code
 * 0.012345}. Immutable, thread-safe.
 */
@SuppressWarnings("AvoidCommonTypeNames") // Rack has this name, and users import the class by name.
public final class Runtime implements Middleware {
  private final LongSupplier nanoTime;

  private Runtime(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** The middleware. */
  public static Runtime of() {
    return new Runtime(System::nanoTime);
  }

  static Runtime of(LongSupplier nanoTime) {
    return new Runtime(nanoTime);
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "Runtime",
        (inner, environ, startResponse) -> {
          long began = nanoTime.getAsLong();
          return ChangedHeaders.call(
              inner,
              environ,
              startResponse,
              sent -> sent.with("X-Runtime", seconds(nanoTime.getAsLong() - began)));
        });
  }

  private static String seconds(long nanos) {
    long micros = nanos / 1000;
    String fraction = Long.toString(1_000_000 + micros % 1_000_000).substring(1);
    return micros / 1_000_000 + "." + fraction;
  }

  @Override
  public String toString() {
    return "Runtime.of()";
  }
}
