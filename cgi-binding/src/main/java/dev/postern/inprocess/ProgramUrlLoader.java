package dev.postern.inprocess;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import org.jspecify.annotations.Nullable;

/** Replaces URLClassLoader in rewritten code. The classes that it loads are rewritten too. */
public class ProgramUrlLoader extends URLClassLoader {
  private static final String OURS = ProgramUrlLoader.class.getPackageName() + ".";

  private final Instance instance;

  public ProgramUrlLoader(URL[] urls, Instance instance) {
    this(urls, instance.loader, instance);
  }

  public ProgramUrlLoader(URL[] urls, @Nullable ClassLoader parent, Instance instance) {
    super(urls, parent);
    this.instance = instance;
    instance.live().open.add(this);
  }

  public ProgramUrlLoader(
      String name, URL[] urls, @Nullable ClassLoader parent, Instance instance) {
    super(name, urls, parent);
    this.instance = instance;
    instance.live().open.add(this);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    return name.startsWith(OURS) ? instance.loader.loadClass(name) : super.loadClass(name, resolve);
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    URL url = findResource(name.replace('.', '/') + ".class");
    if (url == null) {
      throw new ClassNotFoundException(name);
    }
    try (InputStream in = url.openStream()) {
      byte[] bytes = instance.code.rewrite(in.readAllBytes());
      int dot = name.lastIndexOf('.');
      if (dot > 0 && getDefinedPackage(name.substring(0, dot)) == null) {
        definePackage(name.substring(0, dot), null, null, null, null, null, null, null);
      }
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }
}
