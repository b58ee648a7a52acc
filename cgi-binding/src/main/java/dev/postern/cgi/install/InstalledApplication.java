package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;

/**
 * A placeholder for the application in {@link InstalledMain} and {@link InstalledServer}. {@link
 * ExecutableJar} replaces its name by the name of the user's class. So an executable creates its
 * application without reflection, which costs some milliseconds. Never called.
 */
final class InstalledApplication implements Application {
  @Override
  public Body call(Environ environ, StartResponse startResponse) {
    throw new IllegalStateException("no application was installed");
  }
}
