package dev.postern.cgi.install;

import dev.postern.Application;
import java.io.IOException;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Looks at an application's class as an executable will find it. Runs none of its code. */
final class ApplicationCheck {
  private ApplicationCheck() {}

  /**
   * Refuses a class that cannot be an executable's application.
   *
   * @param jars all that the executable will have
   * @throws IllegalArgumentException with one line that says why
   */
  static void check(String className, List<Path> jars) throws IOException {
    List<URL> urls = new ArrayList<>();
    for (Path jar : jars) {
      urls.add(jar.toUri().toURL());
    }
    ClassLoader platform = ClassLoader.getPlatformClassLoader();
    try (URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), platform)) {
      Class<?> type = Class.forName(className, false, loader);
      Class<?> application = Class.forName(Application.class.getName(), false, loader);
      if (!application.isAssignableFrom(type)) {
        throw new IllegalArgumentException(
            "class must implement " + Application.class.getName() + ": " + className);
      }
      if (!Modifier.isPublic(type.getModifiers()) || Modifier.isAbstract(type.getModifiers())) {
        throw new IllegalArgumentException("class must be public and not abstract: " + className);
      }
      if (!Modifier.isPublic(type.getConstructor().getModifiers())) {
        throw new NoSuchMethodException(className);
      }
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException("class must be on the class path: " + className, e);
    } catch (NoSuchMethodException e) {
      throw new IllegalArgumentException(
          "class must have a public constructor without arguments: " + className, e);
    } catch (UnsupportedClassVersionError e) {
      throw new IllegalArgumentException("class must be for this Java: " + e.getMessage(), e);
    } catch (LinkageError e) {
      throw new IllegalArgumentException(
          "class needs another one that is not on the class path: " + e.getMessage(), e);
    }
  }
}
