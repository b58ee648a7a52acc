package dev.postern.inprocess;

import dev.postern.rewrite.UncachedJars;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.net.URLStreamHandlerFactory;
import java.security.CodeSource;
import java.security.cert.Certificate;
import org.jspecify.annotations.Nullable;

/** Replaces URLClassLoader in rewritten code. The classes that it loads are rewritten too. */
public class ProgramUrlLoader extends URLClassLoader {
  private static final String OURS = ProgramUrlLoader.class.getPackageName() + ".";

  private final Instance instance;

  public ProgramUrlLoader(URL[] urls, Instance instance) {
    this(urls, instance.loader, instance);
  }

  public ProgramUrlLoader(URL[] urls, @Nullable ClassLoader parent, Instance instance) {
    this(urls, parent, UncachedJars.JARS, instance);
  }

  public ProgramUrlLoader(
      URL[] urls,
      @Nullable ClassLoader parent,
      @Nullable URLStreamHandlerFactory factory,
      Instance instance) {
    super(urls, parent, factory);
    this.instance = instance;
    instance.live().open.add(this);
  }

  public ProgramUrlLoader(
      @Nullable String name, URL[] urls, @Nullable ClassLoader parent, Instance instance) {
    this(name, urls, parent, UncachedJars.JARS, instance);
  }

  public ProgramUrlLoader(
      @Nullable String name,
      URL[] urls,
      @Nullable ClassLoader parent,
      @Nullable URLStreamHandlerFactory factory,
      Instance instance) {
    super(name, urls, parent, factory);
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
    try {
      URLConnection connection = url.openConnection();
      byte[] original;
      try (InputStream in = connection.getInputStream()) {
        original = in.readAllBytes();
      }
      CodeSource source = new CodeSource(place(url, connection), (Certificate[]) null);
      byte[] bytes = instance.code.rewrite(original);
      int dot = name.lastIndexOf('.');
      if (dot > 0 && getDefinedPackage(name.substring(0, dot)) == null) {
        definePackage(name.substring(0, dot), null, null, null, null, null, null, null);
      }
      return defineClass(name, bytes, 0, bytes.length, source);
    } catch (IOException e) {
      throw new ClassNotFoundException(name, e);
    }
  }

  /** The jar or the directory of a class. */
  private URL place(URL url, URLConnection connection) {
    if (connection instanceof JarURLConnection jar) {
      return jar.getJarFileURL();
    }
    for (URL each : getURLs()) {
      if (url.toExternalForm().startsWith(each.toExternalForm())) {
        return each;
      }
    }
    return url;
  }
}
