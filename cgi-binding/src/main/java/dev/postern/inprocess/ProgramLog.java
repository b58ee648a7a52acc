package dev.postern.inprocess;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Properties;
import java.util.ServiceConfigurationError;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.logging.ConsoleHandler;
import java.util.logging.FileHandler;
import java.util.logging.Filter;
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
  private boolean hasLooked;
  private System.@Nullable LoggerFinder finder;

  ProgramLog(Instance instance) {
    this.instance = instance;
  }

  /** The service of the program that makes its System.Loggers, or null. */
  synchronized System.@Nullable LoggerFinder finder() {
    if (!hasLooked) {
      // While the service is being made, it gets loggers as if it were not there.
      hasLooked = true;
      try {
        for (Object service : instance.services(System.LoggerFinder.class, 1)) {
          finder = (System.LoggerFinder) service;
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        // The JDK also goes on without a service that cannot be made.
      }
    }
    return finder;
  }

  /** A logger that no LogManager knows, so that it ends with its instance. */
  private static final class Named extends Logger {
    Named(String name) {
      super(name, null);
    }
  }

  @SuppressWarnings("UnsynchronizedOverridesSynchronized")
  private final class ErrorHandler extends ConsoleHandler {
    ErrorHandler() {
      setFormatter(new Line());
      setLevel(Level.INFO);
    }

    @Override
    public void publish(LogRecord record) {
      Formatter formatter = getFormatter();
      if (isLoggable(record)) {
        PrintStream err = instance.live().err();
        err.print(formatter.format(record));
        err.flush();
      }
    }

    @Override
    public void flush() {
      instance.live().err().flush();
    }

    @Override
    public void close() {
      flush();
    }
  }

  /** Writes records in the program's own format; the JDK's class has one for the whole JVM. */
  private final class Line extends SimpleFormatter {
    private static final String KEY = "java.util.logging.SimpleFormatter.format";

    @Override
    public String format(LogRecord record) {
      String format = SystemShim.getProperty(KEY, property(KEY), instance);
      if (format == null) {
        return super.format(record);
      }
      String source = record.getSourceClassName();
      String method = record.getSourceMethodName();
      StringWriter trace = new StringWriter();
      if (record.getThrown() != null) {
        PrintWriter out = new PrintWriter(trace);
        out.println();
        record.getThrown().printStackTrace(out);
        out.flush();
      }
      try {
        return String.format(
            LocaleShim.format(instance),
            format,
            record.getInstant().atZone(LocaleShim.zoneId(instance)),
            source == null ? record.getLoggerName() : source + (method == null ? "" : " " + method),
            record.getLoggerName(),
            record.getLevel().getLocalizedName(),
            formatMessage(record),
            trace);
      } catch (IllegalArgumentException e) {
        return super.format(record);
      }
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

  /** Closes and removes all handlers, as a JVM does at its end, too. */
  void reset() {
    List<Handler> removed = new ArrayList<>();
    synchronized (this) {
      configuration = new Properties();
      for (Named logger : List.copyOf(loggers.values())) {
        for (Handler handler : logger.getHandlers()) {
          logger.removeHandler(handler);
          removed.add(handler);
        }
        logger.setLevel(logger.getName().isEmpty() ? Level.INFO : null);
      }
    }
    // Without the lock: a handler may never close, or wait for a thread that asks for a logger.
    for (Handler handler : removed) {
      try {
        handler.close();
      } catch (Throwable e) {
        // A failure of the program's handler concerns nobody else.
      }
    }
  }

  /** Takes the levels, handlers and formats of a configuration. */
  synchronized void configure(InputStream in) throws IOException {
    Properties read = new Properties();
    read.load(in);
    configure(read);
  }

  /** The same, for values that were changed one by one. */
  synchronized void update(
      InputStream in, @Nullable Function<String, BiFunction<String, String, String>> mapper)
      throws IOException {
    Properties read = new Properties();
    read.load(in);
    Properties merged = new Properties();
    Set<String> keys = new TreeSet<>(configuration.stringPropertyNames());
    keys.addAll(read.stringPropertyNames());
    for (String key : keys) {
      String value = read.getProperty(key);
      if (mapper != null) {
        value = mapper.apply(key).apply(configuration.getProperty(key), value);
      }
      if (value != null) {
        merged.setProperty(key, value);
      }
    }
    configure(merged);
  }

  private void configure(Properties read) {
    Named root = root();
    reset();
    configuration = read;
    addHandlers(root, "handlers");
    List.copyOf(loggers.values()).forEach(this::configure);
  }

  private void configure(Named logger) {
    String name = logger.getName();
    Level level = level(name + ".level", null);
    if (level != null) {
      logger.setLevel(level);
    }
    if ("false".equalsIgnoreCase(property(name + ".useParentHandlers"))) {
      logger.setUseParentHandlers(false);
    }
    addHandlers(logger, name + ".handlers");
  }

  private void addHandlers(Named logger, String key) {
    for (String type : configuration.getProperty(key, "").split("[,\\s]+", -1)) {
      if (!type.isEmpty()) {
        try {
          Handler handler = handler(type);
          handler.setLevel(level(type + ".level", handler.getLevel()));
          logger.addHandler(handler);
        } catch (ReflectiveOperationException | IOException | RuntimeException e) {
          PrintStream err = instance.live().err();
          err.println("Can't load log handler \"" + type + "\"");
          err.println(e);
        }
      }
    }
  }

  private Handler handler(String type) throws ReflectiveOperationException, IOException {
    Handler handler;
    if (type.equals(ConsoleHandler.class.getName())) {
      handler = new ErrorHandler();
    } else if (type.equals(FileHandler.class.getName())) {
      String pattern = FileShim.pattern(value(type, "pattern", "%h/java%u.log"), instance);
      handler =
          new FileHandler(
              pattern,
              Integer.parseInt(value(type, "limit", "0")),
              Integer.parseInt(value(type, "count", "1")),
              Boolean.parseBoolean(value(type, "append", "false")));
    } else {
      return (Handler) made(type);
    }
    String formatter = property(type + ".formatter");
    if (formatter != null) {
      handler.setFormatter(
          formatter.trim().equals(SimpleFormatter.class.getName())
              ? new Line()
              : (Formatter) made(formatter.trim()));
    }
    handler.setEncoding(property(type + ".encoding"));
    String filter = property(type + ".filter");
    if (filter != null) {
      handler.setFilter((Filter) made(filter.trim()));
    }
    return handler;
  }

  private String value(String type, String key, String otherwise) {
    return configuration.getProperty(type + "." + key, otherwise).trim();
  }

  private Object made(String type) throws ReflectiveOperationException {
    return instance.loader.loadClass(type).getDeclaredConstructor().newInstance();
  }

  private @Nullable Level level(String key, @Nullable Level otherwise) {
    String value = configuration.getProperty(key);
    try {
      return value == null ? otherwise : Level.parse(value.trim());
    } catch (IllegalArgumentException e) {
      return otherwise;
    }
  }

  synchronized boolean hasHandlers() {
    return loggers.values().stream().anyMatch(logger -> logger.getHandlers().length > 0);
  }
}
