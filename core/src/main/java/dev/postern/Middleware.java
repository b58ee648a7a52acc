package dev.postern;

import static java.util.Objects.requireNonNull;

/**
 * Wraps an application in another one, which sees the request first and the response last.
 *
 * <p>A middleware that replaces a body closes the old one when its own is closed; {@link
 * Response#withBody} does that. A middleware passes each {@code flush()} on. It changes CGI
 * variables only on a {@link Environ#copy()}.
 *
 * <p>Thread-safe.
 */
@FunctionalInterface
public interface Middleware {
  /**
   * The application that answers in place of {@code application}. Called once, when the application
   * is put together.
   */
  Application wrap(Application application);

  /**
   * This middleware around another one: a request passes this one first and {@code inner} second.
   */
  default Middleware andThen(Middleware inner) {
    requireNonNull(inner, "inner");
    return application -> new WrappedApplication(wrap(inner.wrap(application)), application);
  }
}
