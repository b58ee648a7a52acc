package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Responder;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks an application's class in the way that an executable will find it. Runs none of its code.
 */
final class ApplicationCheck {
  private ApplicationCheck() {}

  /**
   * Refuses a class that cannot be an executable's application.
   *
   * @param name of a class, or {@code CLASS::FIELD}
   * @param jars all jars that the executable will have
   * @return how the executable gets its application
   * @throws IllegalArgumentException with one line that says why
   */
  static InstalledName check(String name, List<Path> jars) throws IOException {
    List<URL> urls = new ArrayList<>();
    for (Path jar : jars) {
      urls.add(jar.toUri().toURL());
    }
    int colons = name.indexOf("::");
    String className = colons < 0 ? name : name.substring(0, colons);
    ClassLoader platform = ClassLoader.getPlatformClassLoader();
    try (URLClassLoader loader = new URLClassLoader(urls.toArray(new URL[0]), platform)) {
      Class<?> type = Class.forName(className, false, loader);
      Class<?> application = Class.forName(Application.class.getName(), false, loader);
      Class<?> responder = Class.forName(Responder.class.getName(), false, loader);
      if (colons >= 0) {
        return field(type, name, application, responder);
      }
      boolean isApplication = application.isAssignableFrom(type);
      if (!isApplication && !responder.isAssignableFrom(type)) {
        throw new IllegalArgumentException(
            "class must implement "
                + Application.class.getName()
                + " or "
                + Responder.class.getName()
                + ": "
                + className);
      }
      if (!Modifier.isPublic(type.getModifiers()) || Modifier.isAbstract(type.getModifiers())) {
        throw new IllegalArgumentException("class must be public and not abstract: " + className);
      }
      if (!Modifier.isPublic(type.getConstructor().getModifiers())) {
        throw new NoSuchMethodException(className);
      }
      return isApplication ? InstalledName.of(className) : InstalledName.responder(className);
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

  private static InstalledName field(
      Class<?> type, String name, Class<?> application, Class<?> responder) {
    String fieldName = name.substring(name.indexOf("::") + 2);
    try {
      Field field = type.getField(fieldName);
      boolean reachable =
          Modifier.isStatic(field.getModifiers())
              && Modifier.isPublic(field.getDeclaringClass().getModifiers());
      Class<?> value = field.getType();
      if (reachable && (application.isAssignableFrom(value) || responder.isAssignableFrom(value))) {
        return InstalledName.field(
            field.getDeclaringClass().getName(), fieldName, value.descriptorString());
      }
    } catch (NoSuchFieldException e) {
      // The exception below says so.
    }
    throw new IllegalArgumentException(
        "CLASS::FIELD must be public, static, and an Application or a Responder: " + name);
  }
}
