package dev.postern.servlet;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
  }

  @Override
  public void publish(LogRecord entry) {
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
