package dev.postern.cgi;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Takes down what this thread, or any, logs meanwhile. */
final class LogLines extends Handler implements AutoCloseable {
  private final Logger logger;
  private final boolean parents;
  private final Thread thread = Thread.currentThread();
  private final List<String> warnings = new ArrayList<>();
  private final List<String> all = new CopyOnWriteArrayList<>();

  private LogLines(String name) {
    logger = Logger.getLogger(name);
    parents = logger.getUseParentHandlers();
  }

  /** What all threads log, which is shown as well. */
  static LogLines ofAll(String name) {
    LogLines lines = new LogLines(name);
    lines.logger.addHandler(lines);
    return lines;
  }

  /** What this thread logs, which is kept from the console. */
  static LogLines of(String name) {
    LogLines lines = new LogLines(name);
    lines.logger.addHandler(lines);
    lines.logger.setUseParentHandlers(false);
    return lines;
  }

  /** The messages of warnings, in order. */
  List<String> warnings() {
    return warnings;
  }

  /** The messages of all threads and levels. */
  List<String> all() {
    return all;
  }

  @Override
  public void publish(LogRecord line) {
    all.add(line.getMessage());
    if (Thread.currentThread() == thread && line.getLevel() == Level.WARNING) {
      warnings.add(line.getMessage());
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    logger.removeHandler(this);
    logger.setUseParentHandlers(parents);
  }
}
