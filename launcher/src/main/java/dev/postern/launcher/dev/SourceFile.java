package dev.postern.launcher.dev;

import dev.postern.Application;
import dev.postern.Responder;
import dev.postern.launcher.values.LauncherException;
import dev.postern.rewrite.JavaSource;
import dev.postern.rewrite.NotAProgramException;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An application in one source file. The file is compiled once, in memory. The class with the
 * file's name is served, or else the first class that is or has an application.
 */
public final class SourceFile {
  private final Path file;
  private final Classes loader;

  private SourceFile(Path file, Classes loader) {
    this.file = file;
    this.loader = loader;
  }

  /**
   * Compiles the file.
   *
   * @param parent the parent loader of its classes
   * @param classpath what its classes can use beside Postern; null for nothing more
   * @throws LauncherException when it does not compile, with the compiler's first line
   */
  public static SourceFile compile(Path file, ClassLoader parent, @Nullable String classpath) {
    String own = System.getProperty("java.class.path");
    String all = classpath == null ? own : classpath + File.pathSeparator + own;
    try {
      Map<String, byte[]> classes = JavaSource.classes(file, List.of("-cp", all));
      return new SourceFile(file, new Classes(parent, classes));
    } catch (NotAProgramException e) {
      throw LauncherException.badArgument(firstLine(String.valueOf(e.getMessage())));
    } catch (IOException e) {
      throw LauncherException.badArgument("SOURCE must be readable: \"" + file + "\"");
    }
  }

  /** Returns what the compiler said first, without the headline. */
  private static String firstLine(String message) {
    List<String> lines = message.lines().toList();
    return lines.size() > 1 ? "SOURCE must compile: " + lines.get(1) : message;
  }

  /** Returns the loader of the file's classes. */
  public ClassLoader loader() {
    return loader;
  }

  /**
   * Returns the file's application: an instance of a class that is an Application or a Responder,
   * or the value of a static field that is one.
   *
   * @throws LauncherException when there is none, or it cannot be created
   */
  public Application application() {
    String base = String.valueOf(file.getFileName()).replaceFirst("\\.java$", "");
    List<String> names = new ArrayList<>(loader.classes.keySet());
    names.removeIf(name -> name.contains("$"));
    names.sort(
        (a, b) ->
            Boolean.compare(
                !a.replaceFirst(".*\\.", "").equals(base),
                !b.replaceFirst(".*\\.", "").equals(base)));
    try {
      for (String name : names) {
        Application found = application(Class.forName(name, true, loader));
        if (found != null) {
          return found;
        }
      }
    } catch (ReflectiveOperationException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw LauncherException.failed("\"" + file + "\" failed when it was loaded: " + cause);
    }
    throw LauncherException.badArgument(
        "SOURCE must hold a dev.postern.Application or a dev.postern.Responder: \"" + file + "\"");
  }

  private static @Nullable Application application(Class<?> type)
      throws ReflectiveOperationException {
    boolean isOne =
        Application.class.isAssignableFrom(type) || Responder.class.isAssignableFrom(type);
    if (isOne && !type.isInterface() && !Modifier.isAbstract(type.getModifiers())) {
      var constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return application(constructor.newInstance());
    }
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        field.setAccessible(true);
        Application found = application(field.get(null));
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private static @Nullable Application application(@Nullable Object value) {
    if (value instanceof Application application) {
      return application;
    }
    return value instanceof Responder responder ? Application.of(responder) : null;
  }

  /** Loads classes from bytes in memory. */
  private static final class Classes extends ClassLoader {
    private final Map<String, byte[]> classes = new TreeMap<>();

    Classes(ClassLoader parent, Map<String, byte[]> files) {
      super(parent);
      files.forEach(
          (name, bytes) ->
              classes.put(name.replaceFirst("\\.class$", "").replace('/', '.'), bytes));
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      byte[] bytes = classes.get(name);
      if (bytes == null) {
        throw new ClassNotFoundException(name);
      }
      return defineClass(name, bytes, 0, bytes.length);
    }
  }
}
