package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.FIELD;
import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.Redirect;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Enumeration;
import java.util.ResourceBundle;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The logging of the JDK, by the {@link ProgramLog} of the instance. */
public final class LogShim {
  private LogShim() {}

  @Redirect("java/util/logging/Logger.getLogger")
  public static Logger getLogger(String name, Instance instance) {
    return instance.log().logger(name);
  }

  @Redirect("java/util/logging/Logger.getLogger")
  public static Logger getLogger(String name, @Nullable String bundle, Instance instance) {
    return translated(instance.log().logger(name), bundle, instance);
  }

  private static Logger translated(Logger logger, @Nullable String bundle, Instance instance) {
    String present = logger.getResourceBundleName();
    if (present != null && !present.equals(bundle)) {
      throw new IllegalArgumentException(present + " != " + bundle);
    }
    if (bundle != null && present == null) {
      SystemShim.bundles(instance);
      logger.setResourceBundle(
          ResourceBundle.getBundle(bundle, LocaleShim.locale(instance), instance.loader));
    }
    return logger;
  }

  @Redirect(value = "java/util/logging/Logger.global", kind = FIELD)
  public static Logger global(Instance instance) {
    return getGlobal(instance);
  }

  @Redirect("java/util/logging/Logger.getGlobal")
  public static Logger getGlobal(Instance instance) {
    return instance.log().global();
  }

  @Redirect("java/util/logging/Logger.getAnonymousLogger")
  public static Logger getAnonymousLogger(Instance instance) {
    return instance.log().anonymous();
  }

  @Redirect("java/util/logging/Logger.getAnonymousLogger")
  public static Logger getAnonymousLogger(@Nullable String bundle, Instance instance) {
    return translated(instance.log().anonymous(), bundle, instance);
  }

  @Redirect(value = "java/util/logging/LogManager.getLogger", kind = VIRTUAL)
  public static @Nullable Logger find(LogManager manager, String name, Instance instance) {
    return instance.log().existing(name);
  }

  @Redirect(value = "java/util/logging/LogManager.getLoggerNames", kind = VIRTUAL)
  public static Enumeration<String> names(LogManager manager, Instance instance) {
    return instance.log().names();
  }

  @Redirect(value = "java/util/logging/LogManager.getProperty", kind = VIRTUAL)
  public static @Nullable String property(LogManager manager, String name, Instance instance) {
    return instance.log().property(name);
  }

  @Redirect(value = "java/util/logging/LogManager.addLogger", kind = VIRTUAL)
  public static boolean addLogger(LogManager manager, Logger logger, Instance instance) {
    return false;
  }

  @Redirect(value = "java/util/logging/LogManager.reset", kind = VIRTUAL)
  public static void reset(LogManager manager, Instance instance) {
    instance.log().reset();
  }

  @Redirect(value = "java/util/logging/LogManager.readConfiguration", kind = VIRTUAL)
  public static void readConfiguration(LogManager manager, Instance instance) throws IOException {
    String file = SystemShim.getProperty("java.util.logging.config.file", instance);
    // Otherwise the standard configuration holds already.
    if (file != null) {
      try (InputStream in =
          new FileInputStream(requireNonNull(FileShim.resolved(file, instance)))) {
        instance.log().configure(in);
      }
    }
  }

  @Redirect(value = "java/util/logging/LogManager.readConfiguration", kind = VIRTUAL)
  public static void readConfiguration(LogManager manager, InputStream in, Instance instance)
      throws IOException {
    instance.log().configure(in);
  }

  @Redirect(value = "java/util/logging/LogManager.updateConfiguration", kind = VIRTUAL)
  public static void updateConfiguration(
      LogManager manager,
      @Nullable Function<String, BiFunction<String, String, String>> mapper,
      Instance instance)
      throws IOException {
    readConfiguration(manager, instance);
  }

  @Redirect(value = "java/util/logging/LogManager.updateConfiguration", kind = VIRTUAL)
  public static void updateConfiguration(
      LogManager manager,
      InputStream in,
      @Nullable Function<String, BiFunction<String, String, String>> mapper,
      Instance instance)
      throws IOException {
    instance.log().update(in, mapper);
  }

  @Redirect("java/lang/System.getLogger")
  public static System.Logger getSystemLogger(String name, Instance instance) {
    System.LoggerFinder finder = instance.log().finder();
    return finder == null
        ? new Adapter(instance.log().logger(name), null)
        : finder.getLogger(requireNonNull(name), instance.loader.getUnnamedModule());
  }

  @Redirect("java/lang/System.getLogger")
  public static System.Logger getSystemLogger(
      String name, ResourceBundle bundle, Instance instance) {
    System.LoggerFinder finder = instance.log().finder();
    return finder == null
        ? new Adapter(instance.log().logger(name), requireNonNull(bundle))
        : finder.getLocalizedLogger(
            requireNonNull(name), requireNonNull(bundle), instance.loader.getUnnamedModule());
  }

  @Redirect("java/lang/System$LoggerFinder.getLoggerFinder")
  public static System.LoggerFinder finder(Instance instance) {
    System.LoggerFinder finder = instance.log().finder();
    return finder == null ? System.LoggerFinder.getLoggerFinder() : finder;
  }

  /** A System.Logger that writes as java.util.logging does. */
  private record Adapter(Logger logger, @Nullable ResourceBundle words) implements System.Logger {
    @Override
    public String getName() {
      return logger.getName();
    }

    private static java.util.logging.Level level(System.Logger.Level level) {
      return switch (level) {
        case ALL -> java.util.logging.Level.ALL;
        case TRACE -> java.util.logging.Level.FINER;
        case DEBUG -> java.util.logging.Level.FINE;
        case INFO -> java.util.logging.Level.INFO;
        case WARNING -> java.util.logging.Level.WARNING;
        case ERROR -> java.util.logging.Level.SEVERE;
        case OFF -> java.util.logging.Level.OFF;
      };
    }

    @Override
    public boolean isLoggable(System.Logger.Level level) {
      return logger.isLoggable(level(level));
    }

    @Override
    public void log(
        System.Logger.Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable e) {
      write(level, bundle, message, e, null);
    }

    @Override
    public void log(
        System.Logger.Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object @Nullable ... parameters) {
      write(level, bundle, format, null, parameters);
    }

    private void write(
        System.Logger.Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable e,
        @Nullable Object @Nullable [] parameters) {
      java.util.logging.Level as = level(level);
      if (!logger.isLoggable(as)) {
        return;
      }
      LogRecord record = new LogRecord(as, message);
      record.setLoggerName(logger.getName());
      record.setThrown(e);
      record.setParameters(parameters);
      record.setResourceBundle(bundle == null ? words : bundle);
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
          .walk(
              frames ->
                  frames
                      .filter(f -> f.getDeclaringClass().getClassLoader() instanceof ProgramLoader)
                      .findFirst())
          .ifPresent(
              frame -> {
                record.setSourceClassName(frame.getClassName());
                record.setSourceMethodName(frame.getMethodName());
              });
      logger.log(record);
    }
  }
}
