package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Responder;
import dev.postern.StartResponse;
import dev.postern.launcher.values.LauncherException;
import java.io.File;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds applications by the name of their class. A CGI executable loads this class when it starts,
 * so it uses no lambda, no stream and no library.
 */
final class ApplicationLoader {
  private final ClassLoader loader;
  private final boolean ofMount;

  private ApplicationLoader(ClassLoader loader, boolean ofMount) {
    this.loader = loader;
    this.ofMount = ofMount;
  }

  /**
   * Returns a loader of the classes on a class path, or of the launcher's own classes if the class
   * path is null. The entries are as {@code java -cp} takes them: directories, jars, {@code dir/*}
   * for the jars of a directory, and an empty entry for the working directory.
   *
   * <p>Applications of one loader share their classes. They see Postern's packages and the JDK's
   * modules, but not the libraries that the launcher itself uses, so an application can bring its
   * own Guava.
   *
   * @throws LauncherException when an entry does not exist
   */
  static ApplicationLoader of(@Nullable String classpath) {
    ClassLoader own = ApplicationLoader.class.getClassLoader();
    if (classpath == null) {
      return in(own);
    }
    return in(new URLClassLoader(urls(classpath), new PosternOnly(own)));
  }

  /** Returns a loader of the classes on the class path of one mount, see {@link #load}. */
  static ApplicationLoader ofMount(@Nullable String classpath) {
    return new ApplicationLoader(of(classpath).loader, true);
  }

  /** Returns an application loader that uses this class loader. */
  static ApplicationLoader in(ClassLoader loader) {
    return new ApplicationLoader(loader, false);
  }

  /** Returns the context class loader of the applications' threads. */
  ClassLoader classLoader() {
    return loader;
  }

  /**
   * Returns the application of a name. The name is a class, of which this makes an instance, or a
   * public static field, {@code CLASS::FIELD}. Either is an Application or a Responder. The thread
   * has the class loader as its context class loader then, and with the class path of one mount
   * also in each request.
   *
   * @throws LauncherException when there is no such class or field, it is no application, or it
   *     cannot be created
   */
  Application load(String name) {
    Thread thread = Thread.currentThread();
    thread.setContextClassLoader(loader);
    int colons = name.indexOf("::");
    String className = colons < 0 ? name : name.substring(0, colons);
    try {
      Class<?> found = Class.forName(className, true, loader);
      Application application = colons < 0 ? instance(className, found) : field(name, found);
      return ofMount ? new InLoader(application, loader) : application;
    } catch (ClassNotFoundException e) {
      throw LauncherException.badArgument(
          named(className) + "must be on the class path: see --classpath");
    } catch (NoSuchMethodException | IllegalAccessException | InstantiationException e) {
      throw LauncherException.badArgument(
          named(className) + "must be public and have a public constructor without arguments");
    } catch (InvocationTargetException e) {
      throw LauncherException.failed(
          named(className) + "failed in its constructor: " + e.getCause());
    } catch (ExceptionInInitializerError e) {
      throw LauncherException.failed(
          named(className) + "failed in its initializer: " + e.getCause());
    } catch (LinkageError e) {
      throw LauncherException.badArgument(named(className) + "must be loadable: " + e);
    }
  }

  private static Application instance(String className, Class<?> found)
      throws NoSuchMethodException,
          IllegalAccessException,
          InstantiationException,
          InvocationTargetException {
    if (!Application.class.isAssignableFrom(found) && !Responder.class.isAssignableFrom(found)) {
      throw LauncherException.badArgument(
          named(className) + "must implement dev.postern.Application or dev.postern.Responder");
    }
    return application(className, found.getConstructor().newInstance());
  }

  private static Application field(String name, Class<?> found) throws IllegalAccessException {
    try {
      Field field = found.getField(name.substring(name.indexOf("::") + 2));
      if (Modifier.isStatic(field.getModifiers())
          && Modifier.isPublic(field.getDeclaringClass().getModifiers())) {
        return application(name, field.get(null));
      }
    } catch (NoSuchFieldException e) {
      // The error below reports it.
    }
    throw LauncherException.badArgument(
        "CLASS::FIELD must be a field that is public and static, of a public class: \""
            + name
            + "\"");
  }

  private static Application application(String name, @Nullable Object value) {
    if (value instanceof Application application) {
      return application;
    }
    if (value instanceof Responder responder) {
      return Application.of(responder);
    }
    throw LauncherException.badArgument(
        "\"" + name + "\" must be a dev.postern.Application or a dev.postern.Responder");
  }

  private static String named(String className) {
    return "class \"" + className + "\" ";
  }

  /**
   * Returns the directories and jars of a class path; none if it is null.
   *
   * @throws LauncherException when an entry does not exist
   */
  static List<Path> entries(@Nullable String classpath) {
    List<Path> entries = new ArrayList<>();
    for (File file : classpath == null ? List.<File>of() : files(classpath)) {
      entries.add(checked(file).toPath());
    }
    return entries;
  }

  private static URL[] urls(String classpath) {
    List<URL> urls = new ArrayList<>();
    for (File file : files(classpath)) {
      try {
        urls.add(checked(file).toURI().toURL());
      } catch (MalformedURLException e) {
        throw missing(file);
      }
    }
    return urls.toArray(new URL[0]);
  }

  /** Returns the directories and jars of a class path, whether they exist or not. */
  static List<File> files(String classpath) {
    List<File> files = new ArrayList<>();
    int start = 0;
    while (start <= classpath.length()) {
      int end = classpath.indexOf(File.pathSeparatorChar, start);
      if (end < 0) {
        end = classpath.length();
      }
      addEntry(classpath.substring(start, end), files);
      start = end + 1;
    }
    return files;
  }

  private static void addEntry(String entry, List<File> files) {
    File file = new File(entry).getAbsoluteFile();
    File[] found = null;
    if (entry.equals("*") || entry.endsWith(File.separator + "*")) {
      found = file.getParentFile().listFiles();
    }
    if (found == null) {
      files.add(file);
      return;
    }
    Arrays.sort(found);
    for (File jar : found) {
      if (jar.getName().endsWith(".jar") || jar.getName().endsWith(".JAR")) {
        files.add(jar);
      }
    }
  }

  private static File checked(File file) {
    if (!file.exists()) {
      throw missing(file);
    }
    return file;
  }

  private static LauncherException missing(File file) {
    return LauncherException.badArgument("entry of --classpath must exist: \"" + file + "\"");
  }

  /**
   * Sets the context class loader of a request, whose body needs it as well. The next request of
   * the thread sets its own one.
   */
  @SuppressWarnings("try") // close() throws what the application's own throws.
  private record InLoader(Application application, ClassLoader loader)
      implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      Thread.currentThread().setContextClassLoader(loader);
      return application.call(environ, startResponse);
    }

    @Override
    public void close() throws Exception {
      if (application instanceof AutoCloseable closeable) {
        closeable.close();
      }
    }

    @Override
    public String toString() {
      return application.toString();
    }
  }

  /** Finds Postern's packages by the launcher's class loader, and all others by the platform's. */
  private static final class PosternOnly extends ClassLoader {
    private final ClassLoader launcher;

    PosternOnly(ClassLoader launcher) {
      super(ClassLoader.getPlatformClassLoader());
      this.launcher = launcher;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (name.startsWith("dev.postern.")) {
        return launcher.loadClass(name);
      }
      throw new ClassNotFoundException(name);
    }
  }
}
