package dev.postern.launcher;

import java.util.logging.Level;
import java.util.logging.Logger;

/** What Jetty and the bindings log: warnings, on standard error, one line each. */
final class Logs {
  private static final String FORMAT = "java.util.logging.SimpleFormatter.format";

  /** Kept, since a logger that nobody holds loses its level. */
  private static final Logger ROOT;

  static {
    if (System.getProperty(FORMAT) == null) {
      System.setProperty(FORMAT, "postern: %4$s: %3$s: %5$s%6$s%n");
    }
    ROOT = Logger.getLogger("");
  }

  private Logs() {}

  /** Keeps the logs to warnings, unless the user has a logging configuration. */
  static void quiet() {
    if (System.getProperty("java.util.logging.config.file") == null
        && System.getProperty("java.util.logging.config.class") == null) {
      ROOT.setLevel(Level.WARNING);
    }
  }
}
