package dev.postern.web.internal;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;

/** An application around another one, which closes that one if it can be closed. */
@SuppressWarnings("try") // close() throws what the application's own throws.
public abstract class Wrapped implements Application, AutoCloseable {
  private final Application application;

  /** Wraps this application. */
  protected Wrapped(Application application) {
    this.application = requireNonNull(application, "application");
  }

  @Override
  public final void close() throws Exception {
    if (application instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }

  @Override
  public String toString() {
    return "wrapped " + application;
  }
}
