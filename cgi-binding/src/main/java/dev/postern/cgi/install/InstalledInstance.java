package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;

/** The application of an executable whose class is a {@link dev.postern.Responder}. */
final class InstalledInstance implements Application {
  private final Application application = InstalledConstant.application(new InstalledTarget());

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return application.call(environ, startResponse);
  }
}
