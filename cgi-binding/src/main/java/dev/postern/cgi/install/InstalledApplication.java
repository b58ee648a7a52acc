package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;

/**
 * Stands for the application in {@link InstalledMain} and {@link InstalledServer}: {@link
 * ExecutableJar} writes its name over this one's, so that an executable creates its application
 * without reflection, which costs some milliseconds. Never called.
 */
final class InstalledApplication implements Application {
  @Override
  public Body call(Environ environ, StartResponse startResponse) {
    throw new IllegalStateException("no application was installed");
  }
}
