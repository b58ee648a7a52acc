package dev.postern.launcher;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What Jetty, the bindings and applications log: warnings, on standard error in UTF-8, each line as
 * {@link LogLine} writes it.
 */
final class Logs {
  /**
   * Jetty warns there of what a client sends, or that one has left: not news, and a way to fill a
   * log. What an application fails at is logged by the engine.
   */
  private static final List<String> OF_CLIENTS =
      List.of(
          "org.eclipse.jetty.ee11.servlet.ServletChannel",
          "org.eclipse.jetty.http.HttpParser",
          "org.eclipse.jetty.util.HostPort");

  /** Kept, since a logger that nobody holds loses its level. */
  private static final Logger ROOT = Logger.getLogger("");

  private static final List<Logger> CLIENTS = OF_CLIENTS.stream().map(Logger::getLogger).toList();

  /** A request that fails: the engine has said it already, with more. */
  private static final Logger FAILURES = Logger.getLogger("dev.postern");

  private Logs() {}

  /** Sets the logs up, unless the user has a logging configuration. */
  static void quiet() {
    if (System.getProperty("java.util.logging.config.file") != null
        || System.getProperty("java.util.logging.config.class") != null) {
      return;
    }
    ROOT.setLevel(Level.WARNING);
    CLIENTS.forEach(logger -> logger.setLevel(Level.SEVERE));
    FAILURES.setFilter(record -> false);
    for (Handler handler : ROOT.getHandlers()) {
      if (handler instanceof ConsoleHandler || handler instanceof StandardError) {
        ROOT.removeHandler(handler);
      }
    }
    ROOT.addHandler(new StandardError());
  }

  /** Writes a line of an application, a program or the engine. Any thread. */
  static void line(String text) {
    write(LogLine.escaped(text, LogLine.LONGEST) + "\n");
  }

  /** In UTF-8 whatever the locale is, and in one piece, so that lines never mix. */
  private static void write(String lines) {
    byte[] bytes = lines.getBytes(StandardCharsets.UTF_8);
    System.err.write(bytes, 0, bytes.length);
    System.err.flush();
  }

  /** Takes the place of the JDK's console handler. */
  private static final class StandardError extends Handler {
    StandardError() {
      setFormatter(new LogLine());
    }

    @Override
    public void publish(LogRecord record) {
      if (isLoggable(record)) {
        write(getFormatter().format(record));
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
