package dev.postern;

/**
 * The value form of an {@link Application}: takes a request, returns a {@link Response}.
 *
 * <p>A class that implements this interface is an application: it can be deployed by its name and
 * passed to every gateway and middleware. A lambda becomes one by {@link Application#of}.
 *
 * <p>Thread-safe, as far as {@code postern.multithread} asks.
 */
@FunctionalInterface
// A lambda with one parameter cannot be meant for Application, whose method has two.
@SuppressWarnings("FunctionalInterfaceMethodChanged")
public interface Responder extends Application {
  /**
   * Answers one request. Called on the request's thread; the gateway closes the response's body.
   *
   * @throws Exception when the request cannot be answered; see {@link Application#call}
   */
  Response respond(Environ environ) throws Exception;

  /**
   * Starts the response that {@link #respond} returns, and returns its body. If the response cannot
   * be started, this method closes its body.
   */
  @Override
  default Body call(Environ environ, StartResponse startResponse) throws Exception {
    return RespondingApplication.answer(this, environ, startResponse);
  }
}
