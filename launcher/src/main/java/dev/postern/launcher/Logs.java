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
 * The log of Jetty, the bindings and applications. Warnings go to standard error or a file, in
 * UTF-8, each line as {@link LogLine} writes it.
 */
final class Logs {
  /**
   * With these loggers Jetty warns about what a client sends, or that a client has left. Clients
   * could fill the log with that, so these warnings are off. The engine logs what goes wrong in an
   * application.
   */
  private static final List<String> OF_CLIENTS =
      List.of(
          "org.eclipse.jetty.ee11.servlet.ServletChannel",
          "org.eclipse.jetty.http.HttpParser",
          "org.eclipse.jetty.util.HostPort");

  /** The logging library drops a logger that nobody holds, and its level, so this one is held. */
  private static final Logger ROOT = Logger.getLogger("");

  private static final List<Logger> CLIENTS = OF_CLIENTS.stream().map(Logger::getLogger).toList();

  /**
   * Logs a request that fails. It is off while lines of the engine are written, as they tell the
   * failure with more details.
   */
  private static final Logger FAILURES = Logger.getLogger("dev.postern");

  private Logs() {}

  private static volatile LogFile file = LogFile.standardError();

  /** Whether lines have a time and the id of their request. */
  private static volatile boolean timed;

  /** Whether lines of applications, programs and the engine are written. */
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

  /**
   * Logs what has this level or a higher one. At SEVERE, lines of applications and programs are not
   * logged, but exceptions of applications are.
   */
  static void level(Level level) {
    ROOT.setLevel(level);
    telling = level.intValue() <= Level.WARNING.intValue();
    if (!telling) {
      FAILURES.setLevel(Level.WARNING);
      FAILURES.setFilter(record -> record.getThrown() != null);
    }
  }

  /** From now on lines go to the target. */
  static void to(LogFile target) {
    file = target;
  }

  /** From now on each line begins with the time and the id of its request. */
  static void timed() {
    timed = true;
  }

  /** Opens the log's file again after somebody moved it away. */
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

  /** Writes in one piece, so that lines never mix. */
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
      // Without lines of applications, the logger of their failures has a level of its own. The
      // loggers below it have that level, too, but not its filter.
      boolean wanted =
          telling
              || record.getLevel().intValue() >= Level.SEVERE.intValue()
              || FAILURES.getName().equals(record.getLoggerName());
      if (wanted && isLoggable(record)) {
        write(getFormatter().format(record));
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
