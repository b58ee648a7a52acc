package dev.postern.fastcgi;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Keeps out of the test's output what a gateway logs after the end of a response. A contract makes
 * such failures on purpose.
 */
public final class QuietLateErrors implements BeforeAllCallback, AfterAllCallback {
  /** Held, so that its level stays. */
  private static final Logger LATE = Logger.getLogger("dev.postern.fastcgi");

  @Override
  public void beforeAll(ExtensionContext context) {
    LATE.setLevel(Level.OFF);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    LATE.setLevel(null);
  }
}
