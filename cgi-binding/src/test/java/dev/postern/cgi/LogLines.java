package dev.postern.cgi;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Takes down what this thread logs meanwhile, and keeps it from the console. */
final class LogLines extends Handler implements AutoCloseable {
  private final Logger logger;
  private final boolean parents;
  private final Thread thread = Thread.currentThread();
  private final List<String> warnings = new ArrayList<>();

  private LogLines(String name) {
    logger = Logger.getLogger(name);
    parents = logger.getUseParentHandlers();
  }

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

  @Override
  public void publish(LogRecord line) {
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
