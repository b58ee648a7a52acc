package dev.postern.servlet;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What all containers log, instead of the console. One at a time. */
final class Logs extends Handler {
  private final Logger root = LogManager.getLogManager().getLogger("");
  private final Handler[] replaced = root.getHandlers();
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final List<LogRecord> records = new CopyOnWriteArrayList<>();

  Logs() {
    for (Handler handler : replaced) {
      root.removeHandler(handler);
    }
    root.addHandler(this);
  }

  /** The messages from level INFO on, in order. */
  List<String> lines() {
    return List.copyOf(lines);
  }

  void clear() {
    lines.clear();
    records.clear();
  }

  /** Level, message and exception of all that went to this logger, from level INFO on. */
  List<String> entries(String logger) {
    return records.stream()
        .filter(entry -> entry.getLoggerName().equals(logger))
        .map(
            entry ->
                entry.getLevel()
                    + " "
                    + entry.getMessage()
                    + (entry.getThrown() == null ? "" : " " + entry.getThrown()))
        .toList();
  }

  /** The same, when so many have come: a response may be at its client before its line is. */
  List<String> entries(String logger, int count) throws InterruptedException {
    long start = System.nanoTime();
    while (entries(logger).size() < count
        && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(30)) {
      TimeUnit.MILLISECONDS.sleep(5);
    }
    return entries(logger);
  }

  @Override
  public void publish(LogRecord entry) {
    if (entry.getLevel().intValue() >= Level.INFO.intValue() && entry.getLoggerName() != null) {
      records.add(entry);
    }
    if (entry.getLevel().intValue() >= Level.INFO.intValue()) {
      Throwable thrown = entry.getThrown();
      lines.add(entry.getMessage() + (thrown == null ? "" : " " + thrown));
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    root.removeHandler(this);
    for (Handler handler : replaced) {
      root.addHandler(handler);
    }
  }
}
