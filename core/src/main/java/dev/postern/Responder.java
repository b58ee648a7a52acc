package dev.postern;

/**
 * The value form of an application: a request in, a {@link Response} out. {@link Application#of}
 * makes an application of it.
 *
 * <p>Thread-safe, as far as {@code postern.multithread} asks.
 */
@FunctionalInterface
public interface Responder {
  /**
   * Answers one request. Called on the request's thread; the gateway closes the response's body.
   *
   * @throws Exception when the request cannot be answered; see {@link Application#call}
   */
  Response respond(Environ environ) throws Exception;
}
