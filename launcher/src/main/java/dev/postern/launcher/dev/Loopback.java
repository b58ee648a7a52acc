package dev.postern.launcher.dev;

import com.google.common.net.HostAndPort;
import com.google.common.net.InetAddresses;
import dev.postern.Environ;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a request comes from this machine's own user: by its connection, and not by way of a
 * proxy that speaks for others, nor of a page whose name was made to lead here.
 */
final class Loopback {
  private static final List<String> OF_PROXIES =
      List.of("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via");

  private Loopback() {}

  static boolean isFrom(Environ environ) {
    for (String header : OF_PROXIES) {
      if (environ.header(header) != null) {
        return false;
      }
    }
    return isAddress(environ.remoteAddr()) && isHost(environ.header("Host"));
  }

  private static boolean isAddress(@Nullable String text) {
    return text != null
        && InetAddresses.isInetAddress(text)
        && InetAddresses.forString(text).isLoopbackAddress();
  }

  private static boolean isHost(@Nullable String text) {
    try {
      String host = text == null ? "localhost" : HostAndPort.fromString(text).getHost();
      return host.equalsIgnoreCase("localhost") || isAddress(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
