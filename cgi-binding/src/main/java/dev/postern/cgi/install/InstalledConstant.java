package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Responder;
import dev.postern.StartResponse;

/** The application of an executable that was installed as {@code CLASS::FIELD}. */
final class InstalledConstant implements Application {
  private final Application application = application(InstalledTarget.INSTALLED_FIELD);

  /** Makes an application of the field's value, which may also be a {@link Responder}. */
  static Application application(Object value) {
    return value instanceof Responder responder ? Application.of(responder) : (Application) value;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    return application.call(environ, startResponse);
  }
}
