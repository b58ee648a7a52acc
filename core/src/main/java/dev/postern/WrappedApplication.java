package dev.postern;

import org.jspecify.annotations.Nullable;

/**
 * An application in its middlewares, which may be lambdas: closes what is in there as whoever has
 * made it would.
 */
@SuppressWarnings("try") // close() throws what the application's own throws.
final class WrappedApplication implements Application, AutoCloseable {
  private final Application wrapped;
  private final Application inner;

  WrappedApplication(Application wrapped, Application inner) {
    this.wrapped = wrapped;
    this.inner = inner;
  }

  @Override
  @SuppressWarnings("NullAway") // What a broken application returns is passed on.
  public @Nullable Body call(Environ environ, StartResponse startResponse) throws Exception {
    return wrapped.call(environ, startResponse);
  }

  /** A middleware that can be closed closes what it wraps; else nobody but this would. */
  @Override
  public void close() throws Exception {
    if (wrapped instanceof AutoCloseable closeable) {
      closeable.close();
    } else if (inner instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }

  @Override
  public String toString() {
    return wrapped.toString();
  }
}
