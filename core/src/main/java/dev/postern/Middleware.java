package dev.postern;

/**
 * Wraps an application in another one, which sees the request first and the response last.
 *
 * <p>A middleware that takes another body's place closes that body when its own is closed; {@link
 * Response#withBody} does so by itself. It passes {@code flush()} on, and changes CGI variables on
 * a {@link Environ#copy()} only.
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
}
