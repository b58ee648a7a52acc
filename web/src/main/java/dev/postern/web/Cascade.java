package dev.postern.web;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.web.internal.ThrownAnswer;
import java.util.List;

/**
 * Tries applications in turn until one answers with another status than 404 and 405. If none does,
 * the client gets the last one's answer. Use it to serve static files before an application.
 *
 * <p>A request's body can be read once. If an application reads it, the applications after it find
 * nothing in it. {@link #close} closes the applications. Immutable, thread-safe.
 */
@SuppressWarnings("try") // close() throws what the applications' close() throws.
public final class Cascade implements Application, AutoCloseable {
  private final List<Application> applications;

  private Cascade(List<Application> applications) {
    this.applications = applications;
  }

  /** Tries these, the first one first. */
  public static Cascade of(Application... applications) {
    return new Cascade(List.of(applications));
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    for (int i = 0; i < applications.size(); i++) {
      Application application = applications.get(i);
      if (i == applications.size() - 1) {
        return application.call(environ, startResponse);
      }
      Response response;
      try {
        response = Response.from(application, environ.copy());
      } catch (Exception e) {
        ThrownAnswer answer = ThrownAnswer.in(e);
        if (answer != null && goesOn(answer.status())) {
          continue;
        }
        throw e;
      }
      if (!goesOn(response.status())) {
        return Application.of(request -> response).call(environ, startResponse);
      }
      response.body().close();
    }
    return Responses.send(Responses.status(404), startResponse);
  }

  private static boolean goesOn(int status) {
    return status == 404 || status == 405;
  }

  /** Closes the applications that can be closed, each once. */
  @Override
  public void close() throws Exception {
    UrlMap.closeAll(applications);
  }

  @Override
  public String toString() {
    return "Cascade" + applications;
  }
}
