package dev.postern.cgi.javaprograms;

import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.SecureClassLoader;

/** Programs that make classes while they run: what those do is the request's all the same. */
public final class Made {
  private Made() {}

  /** Defined again by other loaders, and hidden. */
  public static final class Guest implements Runnable {
    private static int made;

    @Override
    public void run() {
      System.out.println("guest " + ++made + " " + System.getenv("QUERY_STRING"));
    }
  }

  static byte[] guest() throws IOException {
    try (InputStream in = Made.class.getResourceAsStream("Made$Guest.class")) {
      return in.readAllBytes();
    }
  }

  private static final class Array extends ClassLoader {
    Array() {
      super(null);
    }

    @SuppressWarnings("deprecation")
    Class<?> define(int form, byte[] bytes) {
      return switch (form) {
        case 0 -> defineClass(bytes, 0, bytes.length);
        case 1 -> defineClass(Guest.class.getName(), bytes, 0, bytes.length);
        case 2 -> defineClass(Guest.class.getName(), bytes, 0, bytes.length, null);
        default -> defineClass(Guest.class.getName(), ByteBuffer.wrap(bytes), null);
      };
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      return Class.forName(name, false, Made.class.getClassLoader());
    }
  }

  private static final class Secure extends SecureClassLoader {
    Secure() {
      super(null);
    }

    Class<?> define(byte[] bytes, CodeSource source) {
      return defineClass(Guest.class.getName(), bytes, 0, bytes.length, source);
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      return Class.forName(name, false, Made.class.getClassLoader());
    }
  }

  private static void run(Class<?> type) throws ReflectiveOperationException {
    var constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    ((Runnable) constructor.newInstance()).run();
  }

  public static final class ByDefineClass {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      byte[] bytes = guest();
      for (int form = 0; form < 4; form++) {
        run(new Array().define(form, bytes));
      }
      ProtectionDomain domain = Made.class.getProtectionDomain();
      run(new Secure().define(bytes, domain.getCodeSource()));
    }
  }

  public static final class ByLookup {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      run(lookup.defineHiddenClass(guest(), true).lookupClass());
      run(lookup.defineHiddenClass(guest(), false).lookupClass());
    }
  }

  public static final class ByUrlLoader {
    public static void main(String[] args) throws Exception {
      System.out.print("Content-Type: text/plain\n\n");
      URL here = Made.class.getProtectionDomain().getCodeSource().getLocation();
      try (URLClassLoader loader =
          new URLClassLoader(new URL[] {here}, ClassLoader.getPlatformClassLoader())) {
        Class<?> type = loader.loadClass(Guest.class.getName());
        System.out.println(type == Guest.class);
        run(type);
      }
    }
  }

  /** By the loader's own factory method, by its constructor's handle, and by reflection. */
  public static final class ByLoaderFactories {
    public static void main(String[] args) throws Throwable {
      System.out.print("Content-Type: text/plain\n\n");
      URL[] here = {Made.class.getProtectionDomain().getCodeSource().getLocation()};
      ClassLoader platform = ClassLoader.getPlatformClassLoader();
      System.out.println(
          URLClassLoader.newInstance(here).loadClass(Guest.class.getName()) == Guest.class);
      show(URLClassLoader.newInstance(here, platform), here[0]);
      show(new URLClassLoader(here, platform, null), here[0]);
      show(new URLClassLoader("named", here, platform, null), here[0]);
      show(
          (URLClassLoader)
              MethodHandles.publicLookup()
                  .findConstructor(
                      URLClassLoader.class,
                      MethodType.methodType(void.class, URL[].class, ClassLoader.class))
                  .invoke(here, platform),
          here[0]);
      show(
          URLClassLoader.class
              .getConstructor(URL[].class, ClassLoader.class)
              .newInstance(here, platform),
          here[0]);
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      run(lookup.defineHiddenClassWithClassData(guest(), "data", true).lookupClass());
    }

    private static void show(URLClassLoader loader, URL here) throws Exception {
      Class<?> type = loader.loadClass(Guest.class.getName());
      run(type);
      System.out.println(type.getProtectionDomain().getCodeSource().getLocation().equals(here));
      loader.close();
    }
  }

  public static final class ByProxy {
    public static void main(String[] args) {
      System.out.print("Content-Type: text/plain\n\n");
      Runnable proxy =
          (Runnable)
              Proxy.newProxyInstance(
                  Made.class.getClassLoader(),
                  new Class<?>[] {Runnable.class},
                  (self, method, arguments) -> {
                    System.out.println(method.getName() + " " + System.getenv("QUERY_STRING"));
                    return null;
                  });
      proxy.run();
    }
  }
}
