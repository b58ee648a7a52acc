package dev.postern.web.internal;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;

/** An application around another one, which closes that one if it can be closed. */
@SuppressWarnings("try") // close() throws what the application's close() throws.
public final class Wrapped implements Application, AutoCloseable {
  private final Application application;
  private final String name;
  private final Call call;

  /** How a request is answered with the help of the application inside. */
  @FunctionalInterface
  public interface Call {
    /** As {@link Application#call}. */
    Body call(Application application, Environ environ, StartResponse startResponse)
        throws Exception;
  }

  private Wrapped(Application application, String name, Call call) {
    this.application = requireNonNull(application, "application");
    this.name = name;
    this.call = call;
  }

  /** Wraps an application. */
  public static Application of(Application application, String name, Call call) {
    return new Wrapped(application, name, call);
  }

  /**
   * Closes a body that is not returned because of a failure, which the caller throws on. A gateway
   * closes only a body that it has got. What closing throws is added to the failure.
   */
  public static void abandon(Body body, Throwable failure) {
    try {
      body.close();
    } catch (Throwable e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return call.call(application, environ, startResponse);
  }

  @Override
  public void close() throws Exception {
    if (application instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }

  @Override
  public String toString() {
    return name + "(" + application + ")";
  }
}
