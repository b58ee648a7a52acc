package dev.postern;

import static java.util.Objects.requireNonNull;

/**
 * The application behind {@link Application#of}. A class and not a lambda, because a lambda would
 * make each start of a CGI executable slower.
 */
@SuppressWarnings("try") // close() throws what the application's close() throws.
final class RespondingApplication implements Application, AutoCloseable {
  private final Responder responder;

  RespondingApplication(Responder responder) {
    this.responder = requireNonNull(responder, "responder");
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return answer(responder, environ, startResponse);
  }

  static Body answer(Responder responder, Environ environ, StartResponse startResponse)
      throws Exception {
    Response response = responder.respond(environ);
    if (response == null) {
      throw new IllegalStateException("responder must return a response: null");
    }
    try {
      startResponse.start(response.status(), response.headers());
    } catch (Throwable e) {
      try {
        response.body().close();
      } catch (Throwable closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
    return response.body();
  }

  @Override
  public void close() throws Exception {
    if (responder instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }

  @Override
  public String toString() {
    return "Application.of(" + responder + ")";
  }
}
