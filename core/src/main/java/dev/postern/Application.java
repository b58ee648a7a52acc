package dev.postern;

/**
 * Answers requests: takes an environ, starts one response, returns the body.
 *
 * <p>A gateway calls {@link #call} once for each request, on the request's thread, and may call it
 * for several requests at once unless {@code postern.multithread} is false (PEP 3333, Specification
 * Details). An implementation that a command or a servlet container creates by name needs a public
 * constructor without arguments.
 *
 * <p>Thread-safe, as far as {@code postern.multithread} asks.
 */
@FunctionalInterface
public interface Application {
  /**
   * Answers one request. {@code startResponse} must be called before this method returns; the
   * gateway then writes the body and closes it, once, on this thread.
   *
   * @throws HttpException to answer with another status than 500. If nothing has been sent, the
   *     client gets that status with a fixed text
   * @throws Exception if the request cannot be answered. If nothing has been sent, the client gets
   *     a fixed text with status 500, or with 400 or 408 if its own request body was short, broken
   *     or too slow. The exception is written to {@code postern.errors}
   */
  Body call(Environ environ, StartResponse startResponse) throws Exception;

  /** An application of a lambda in the value form. See {@link Responder}. */
  static Application of(Responder responder) {
    return new RespondingApplication(responder);
  }

  /**
   * This application, wrapped in middlewares. A request passes the first middleware first. If this
   * application is {@link AutoCloseable}, the returned application closes it.
   */
  default Application with(Middleware... middlewares) {
    Application wrapped = this;
    for (int i = middlewares.length - 1; i >= 0; i--) {
      wrapped = middlewares[i].wrap(wrapped);
    }
    return middlewares.length == 0 ? this : new WrappedApplication(wrapped, this);
  }
}
