package dev.postern.inprocess;

import dev.postern.rewrite.ClassPathRoot;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.security.SecureClassLoader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The class loader of one instance. It sees the platform, the rewritten classes of the program's
 * class path, and of this server only the shims. Thread-safe.
 */
final class ProgramLoader extends SecureClassLoader {
  static {
    registerAsParallelCapable();
  }

  private static final String OURS = ProgramLoader.class.getPackageName() + ".";

  private final ProgramCode code;
  private final Instance instance;

  ProgramLoader(ProgramCode code, Instance instance) {
    super(ClassLoader.getPlatformClassLoader());
    this.code = code;
    this.instance = instance;
    Module module = ProgramLoader.class.getModule();
    if (module.isNamed()) {
      // Only code of a module may export a package of this module to the loader's classes.
      module.addExports(ProgramLoader.class.getPackageName(), getUnnamedModule());
    }
  }

  Instance instance() {
    return instance;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      if (name.startsWith(OURS) && !code.isOwn(name)) {
        return Class.forName(name, false, ProgramLoader.class.getClassLoader());
      }
      ProgramCode.Found found = code.find(name);
      return found == null ? super.loadClass(name, resolve) : define(name, found);
    }
  }

  private Class<?> define(String name, ProgramCode.Found found) {
    int dot = name.lastIndexOf('.');
    if (dot > 0 && getDefinedPackage(name.substring(0, dot)) == null) {
      try {
        definePackage(
            name.substring(0, dot), null, null, null, found.title(), found.version(), null, null);
      } catch (IllegalArgumentException e) {
        // Another thread has defined the package first.
      }
    }
    return defineClass(name, found.bytes(), 0, found.bytes().length, found.domain());
  }

  @Override
  protected @Nullable URL findResource(String name) {
    for (ClassPathRoot root : code.roots()) {
      URL url = url(root, name);
      if (url != null) {
        return url;
      }
    }
    return null;
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    List<URL> all = new ArrayList<>();
    for (ClassPathRoot root : code.roots()) {
      URL url = url(root, name);
      if (url != null) {
        all.add(url);
      }
    }
    return Collections.enumeration(all);
  }

  private static @Nullable URL url(ClassPathRoot root, String name) {
    try {
      return root.url(name);
    } catch (IOException | IllegalArgumentException e) {
      // Not there.
      return null;
    }
  }

  /** Does not use a URL, because a URL would keep a jar open for the whole JVM. */
  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    InputStream platform = getParent().getResourceAsStream(name);
    if (platform != null) {
      return platform;
    }
    try {
      for (ClassPathRoot root : code.roots()) {
        InputStream in = root.open(name);
        if (in != null) {
          return in;
        }
      }
    } catch (IOException e) {
      return null;
    }
    return null;
  }
}
