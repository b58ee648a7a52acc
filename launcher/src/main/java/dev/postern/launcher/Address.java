package dev.postern.launcher;

import com.google.common.net.InetAddresses;
import dev.postern.Application;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Values;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Where a server listens.
 *
 * @param port 0 for any free one
 */
record Address(InetAddress address, int port) {
  /**
   * Reads {@code --bind} and {@code --port}.
   *
   * @throws LauncherException when they are not an address and a port
   */
  static Address parse(String bind, String port) {
    return new Address(address(bind), (int) Values.number("--port", port, 0, 65535));
  }

  private static InetAddress address(String text) {
    try {
      if (!text.isBlank()) {
        return text.startsWith("[")
            ? InetAddresses.forUriString(text)
            : InetAddress.getByName(text);
      }
    } catch (UnknownHostException | IllegalArgumentException e) {
      // The error below reports it.
    }
    throw LauncherException.badArgument("--bind must be an address: \"" + text + "\"");
  }

  /**
   * Opens a server that listens at this address.
   *
   * @throws LauncherException when it cannot listen
   */
  WebServer open(Application application, ClassLoader loader) {
    return open(List.of(Listener.of(this)), null, false, application, loader);
  }

  /**
   * Opens a server that listens at several places.
   *
   * @throws LauncherException when it cannot listen
   */
  static WebServer open(
      List<Listener> listeners,
      @Nullable Tls tls,
      boolean proxied,
      Application application,
      ClassLoader loader) {
    try {
      return WebServer.open(listeners, tls, proxied, application, loader, ServerLimits.standard());
    } catch (IOException e) {
      StringJoiner places = new StringJoiner(", ");
      for (Listener listener : listeners) {
        Address address = listener.address();
        places.add(listener.shown(tls != null, address == null ? 0 : address.port()));
      }
      throw LauncherException.failed("cannot listen on " + places + ": " + reason(e));
    }
  }

  private static String reason(IOException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** Returns the URL for a browser, with the port that the server got. */
  String url(int actualPort) {
    return url(false, actualPort);
  }

  /** Returns the URL for a browser, with {@code https} if the listener is secure. */
  String url(boolean secure, int actualPort) {
    String host = address.getHostAddress();
    if (address instanceof Inet6Address) {
      host = InetAddresses.toUriString(address);
    }
    return (secure ? "https://" : "http://") + host + ":" + actualPort + "/";
  }
}
