package dev.postern.launcher;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What Jetty, the bindings and applications log: warnings, on standard error or in a file, in
 * UTF-8, each line as {@link LogLine} writes it.
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

  private static volatile LogFile file = LogFile.standardError();

  /** Whether lines have a time and the id of their request. */
  private static volatile boolean timed;

  /** Whether what requests do wrong is told. */
  private static volatile boolean telling = true;

  /** Sets the logs up, unless the user has a logging configuration. */
  static void quiet() {
    if (System.getProperty("java.util.logging.config.file") != null
        || System.getProperty("java.util.logging.config.class") != null) {
      return;
    }
    level(Level.WARNING);
    CLIENTS.forEach(logger -> logger.setLevel(Level.SEVERE));
    FAILURES.setFilter(record -> false);
    for (Handler handler : ROOT.getHandlers()) {
      if (handler instanceof ConsoleHandler || handler instanceof StandardError) {
        ROOT.removeHandler(handler);
      }
    }
    ROOT.addHandler(new StandardError());
  }

  /** What is logged from that level on; at SEVERE, lines of applications and programs are not. */
  static void level(Level level) {
    ROOT.setLevel(level);
    telling = level.intValue() <= Level.WARNING.intValue();
  }

  /** From now on lines go there. */
  static void to(LogFile target) {
    file = target;
  }

  /** From now on each line begins with the time and the id of its request. */
  static void timed() {
    timed = true;
  }

  /** After the log's file was moved away. */
  static void reopen() {
    file.reopen();
  }

  /** Writes a line of an application, a program or the engine. Any thread. */
  static void line(String text) {
    if (telling) {
      own(text);
    }
  }

  /** Writes a line of the command itself. */
  static void own(String text) {
    write(LogLine.escaped(text, LogLine.LONGEST) + "\n");
  }

  /** In one piece, so that lines never mix. */
  private static void write(String lines) {
    file.write(
        timed
            ? Instant.now().truncatedTo(ChronoUnit.MILLIS)
                + " "
                + RequestMark.currentId()
                + " "
                + lines
            : lines);
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
