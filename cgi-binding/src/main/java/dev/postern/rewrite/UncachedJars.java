package dev.postern.rewrite;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.net.URLStreamHandlerFactory;
import org.jspecify.annotations.Nullable;

/**
 * URLs of the entries of jars. By itself the JVM caches the jar behind such a URL for all requests:
 * a new version of the jar would not be seen, and a request that closes the jar would close it for
 * the others. Each connection of these URLs opens the jar by itself. Thread-safe.
 */
public final class UncachedJars extends URLStreamHandler implements URLStreamHandlerFactory {
  /** Makes such URLs. */
  public static final UncachedJars JARS = new UncachedJars();

  private UncachedJars() {}

  @Override
  protected URLConnection openConnection(URL url) throws IOException {
    URLConnection connection = new URL(url.toExternalForm()).openConnection();
    connection.setUseCaches(false);
    return connection;
  }

  /** References are resolved as the JDK does it, which keeps what stands before the entry. */
  @Override
  protected void parseURL(URL url, String spec, int start, int limit) {
    String context = url.getPath();
    try {
      URL parsed =
          context == null || context.isEmpty()
              ? new URL("jar:" + spec.substring(start))
              : new URL(new URL(url.toExternalForm()), spec.substring(start));
      setURL(url, "jar", "", -1, "", null, parsed.getPath(), parsed.getQuery(), parsed.getRef());
    } catch (MalformedURLException e) {
      // The constructor of the URL throws a MalformedURLException with this message.
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  @Override
  public @Nullable URLStreamHandler createURLStreamHandler(String protocol) {
    return protocol.equals("jar") ? this : null;
  }
}
