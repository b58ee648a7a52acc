package dev.postern.inprocess;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Properties;
import java.util.TreeMap;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.jspecify.annotations.Nullable;

/**
 * A program's loggers of java.util.logging. They form a tree of their own below a root of their
 * own, which writes to the program's standard error. Thread-safe.
 */
final class ProgramLog {
  private static final String GLOBAL = "global";

  private final Instance instance;
  private final TreeMap<String, Named> loggers = new TreeMap<>();
  private Properties configuration = new Properties();

  ProgramLog(Instance instance) {
    this.instance = instance;
  }

  /** A logger that no LogManager knows, so that it ends with its instance. */
  private static final class Named extends Logger {
    Named(String name) {
      super(name, null);
    }
  }

  private final class ErrorHandler extends Handler {
    ErrorHandler() {
      setFormatter(new SimpleFormatter());
      setLevel(Level.INFO);
    }

    @Override
    public void publish(LogRecord record) {
      Formatter formatter = getFormatter();
      if (isLoggable(record)) {
        PrintStream err = instance.live().err;
        err.print(formatter.format(record));
        err.flush();
      }
    }

    @Override
    public void flush() {
      instance.live().err.flush();
    }

    @Override
    public void close() {
      flush();
    }
  }

  private Named root() {
    Named root = loggers.get("");
    if (root == null) {
      root = new Named("");
      root.setLevel(Level.INFO);
      root.addHandler(new ErrorHandler());
      loggers.put("", root);
    }
    return root;
  }

  synchronized Logger logger(String name) {
    Named known = name.isEmpty() ? root() : loggers.get(name);
    if (known != null) {
      return known;
    }
    Named made = new Named(name);
    Named parent = root();
    for (int dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      Named above = loggers.get(name.substring(0, dot));
      if (above != null) {
        parent = above;
        break;
      }
    }
    made.setParent(parent);
    for (Named below : loggers.subMap(name + ".", name + "/").values()) {
      if (below.getParent() == parent) {
        below.setParent(made);
      }
    }
    loggers.put(name, made);
    configure(made);
    return made;
  }

  Logger global() {
    return logger(GLOBAL);
  }

  /** A logger that nobody else can find. */
  synchronized Logger anonymous() {
    Logger made = new Logger(null, null) {
          // Its constructor is protected.
        };
    made.setParent(root());
    return made;
  }

  synchronized @Nullable Logger existing(String name) {
    return name.isEmpty() ? root() : loggers.get(name);
  }

  synchronized Enumeration<String> names() {
    root();
    return Collections.enumeration(java.util.List.copyOf(loggers.keySet()));
  }

  @Nullable String property(String name) {
    return configuration.getProperty(name);
  }

  synchronized void reset() {
    configuration = new Properties();
    for (Named logger : loggers.values()) {
      for (Handler handler : logger.getHandlers()) {
        logger.removeHandler(handler);
        handler.close();
      }
      logger.setLevel(logger.getName().isEmpty() ? Level.INFO : null);
    }
  }

  /**
   * Takes the levels and the console handler of a configuration. The program's own code must make
   * other handlers.
   */
  synchronized void configure(InputStream in) throws IOException {
    root();
    reset();
    configuration.load(in);
    if (configuration.getProperty("handlers", "").contains("ConsoleHandler")) {
      Handler handler = new ErrorHandler();
      handler.setLevel(level("java.util.logging.ConsoleHandler.level", Level.INFO));
      root().addHandler(handler);
    }
    loggers.values().forEach(this::configure);
  }

  private void configure(Named logger) {
    String name = logger.getName();
    Level level = level(name + ".level", null);
    if (level != null) {
      logger.setLevel(level);
    }
  }

  private @Nullable Level level(String key, @Nullable Level otherwise) {
    String value = configuration.getProperty(key);
    try {
      return value == null ? otherwise : Level.parse(value.trim());
    } catch (IllegalArgumentException e) {
      return otherwise;
    }
  }

  /** Closes what handlers have open. */
  synchronized void close() {
    for (Named logger : loggers.values()) {
      for (Handler handler : logger.getHandlers()) {
        try {
          handler.close();
        } catch (Throwable e) {
          // A failure of the program's handler concerns nobody else.
        }
      }
    }
  }
}
