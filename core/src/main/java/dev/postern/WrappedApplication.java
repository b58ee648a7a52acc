package dev.postern;

import org.jspecify.annotations.Nullable;

/**
 * An application in its middlewares. A middleware may return a lambda, which cannot be closed. So
 * this class closes the application inside.
 */
@SuppressWarnings("try") // close() throws what the application's close() throws.
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

  /**
   * If the outermost middleware's application can be closed, it closes what it wraps. Otherwise
   * this method closes the application inside.
   */
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
