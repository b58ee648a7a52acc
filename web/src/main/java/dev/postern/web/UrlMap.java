package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Applications by the start of the path, and maybe by host. A prefix matches whole segments, byte
 * by byte, and the longest one wins. A prefix for the request's own host comes before all prefixes
 * for every host. The prefix that matches is moved from PATH_INFO to SCRIPT_NAME. A request that no
 * prefix matches gets a 404.
 *
 * <pre>{@code
 * Application site =
 *     UrlMap.builder()
 *         .mount("/static", Files.under(Path.of("/srv/static")))
 *         .mount("", new GuestBook())
 *         .build();
 * }</pre>
 *
 * <p>Closing the map closes the applications. Immutable, thread-safe.
 */
@SuppressWarnings("try") // close() throws what the applications' close() throws.
public final class UrlMap implements Application, AutoCloseable {
  private record Mount(@Nullable String host, String prefix, Application application) {}

  /**
   * Mounts of one host come before those of every host. Within both groups, a longer prefix comes
   * first.
   */
  private final List<Mount> mounts;

  private UrlMap(List<Mount> mounts) {
    this.mounts = mounts;
  }

  /**
   * Applications by prefix.
   *
   * @throws IllegalArgumentException when a prefix is neither empty nor starts with a slash
   */
  public static UrlMap of(Map<String, ? extends Application> applications) {
    Builder builder = builder();
    for (Map.Entry<String, ? extends Application> entry : applications.entrySet()) {
      builder.mount(entry.getKey(), entry.getValue());
    }
    return builder.build();
  }

  /** Options for a map. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    String host = null;
    for (Mount mount : mounts) {
      if (mount.host != null) {
        host = host == null ? host(environ) : host;
        if (!mount.host.equals(host)) {
          continue;
        }
      }
      Environ mounted = environ.mounted(mount.prefix);
      if (mounted != null) {
        return mount.application.call(mounted, startResponse);
      }
    }
    return Responses.send(Responses.status(404), startResponse);
  }

  /** The request's host in lower case, without a port. */
  private static String host(Environ environ) {
    String host = environ.header("Host");
    if (host == null || host.isEmpty()) {
      return Text.lower(environ.serverName());
    }
    int colon = host.lastIndexOf(':');
    return Text.lower(colon > host.lastIndexOf(']') ? host.substring(0, colon) : host);
  }

  /** Closes the applications that can be closed, each once. */
  @Override
  public void close() throws Exception {
    List<Application> applications = new ArrayList<>();
    for (Mount mount : mounts) {
      applications.add(mount.application);
    }
    closeAll(applications);
  }

  static void closeAll(List<Application> applications) throws Exception {
    Set<Application> closed = Collections.newSetFromMap(new IdentityHashMap<>());
    Exception failure = null;
    for (Application application : applications) {
      if (closed.add(application) && application instanceof AutoCloseable closeable) {
        try {
          closeable.close();
        } catch (Exception e) {
          if (failure == null) {
            failure = e;
          } else {
            failure.addSuppressed(e);
          }
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("UrlMap[");
    for (Mount mount : mounts) {
      text.append(text.length() == 7 ? "" : ", ");
      text.append(mount.host == null ? "" : "//" + mount.host);
      text.append(mount.prefix.isEmpty() ? "/" : mount.prefix);
    }
    return text.append(']').toString();
  }

  /** Collects applications and their prefixes. Not thread-safe. */
  public static final class Builder {
    private final List<Mount> mounts = new ArrayList<>();

    private Builder() {}

    /**
     * Puts an application at a prefix of every host.
     *
     * @param prefix "" or {@code /} for all paths, else a path that starts with a slash; text, not
     *     percent-encoded
     * @throws IllegalArgumentException when the prefix is neither, or is taken
     */
    public Builder mount(String prefix, Application application) {
      return add(null, prefix, application);
    }

    /**
     * Puts an application at a prefix of one host.
     *
     * @param host such as {@code example.org} or {@code [::1]}, without a port; case does not count
     * @throws IllegalArgumentException when the host is empty or has a port or a slash, or as for
     *     {@link #mount(String, Application)}
     */
    public Builder mount(String host, String prefix, Application application) {
      boolean hasPort = host.lastIndexOf(':') > host.lastIndexOf(']');
      if (host.isEmpty() || hasPort || host.indexOf('/') >= 0) {
        throw new IllegalArgumentException(
            "host must be a name or an address without a port: " + Escapes.quote(host));
      }
      return add(Text.lower(host), prefix, application);
    }

    private Builder add(@Nullable String host, String prefix, Application application) {
      if (!prefix.isEmpty() && prefix.charAt(0) != '/') {
        throw new IllegalArgumentException(
            "prefix must be empty or start with a slash: " + Escapes.quote(prefix));
      }
      int end = prefix.length();
      while (end > 0 && prefix.charAt(end - 1) == '/') {
        end--;
      }
      Mount mount =
          new Mount(host, prefix.substring(0, end), requireNonNull(application, "application"));
      int at = 0;
      while (at < mounts.size() && !comesBefore(mount, mounts.get(at))) {
        Mount other = mounts.get(at);
        if (other.prefix.equals(mount.prefix)
            && String.valueOf(other.host).equals(String.valueOf(host))) {
          throw new IllegalArgumentException(
              "prefix must be mounted once: " + Escapes.quote(prefix));
        }
        at++;
      }
      mounts.add(at, mount);
      return this;
    }

    private static boolean comesBefore(Mount one, Mount other) {
      if ((one.host == null) != (other.host == null)) {
        return one.host != null;
      }
      return one.prefix.length() > other.prefix.length();
    }

    /** The map. */
    public UrlMap build() {
      return new UrlMap(List.copyOf(mounts));
    }
  }
}
