package dev.postern.cgi;

import com.google.common.net.InetAddresses;
import org.jspecify.annotations.Nullable;

/** Host names and addresses as bytes. */
final class Hosts {
  private Hosts() {}

  /**
   * Whether this can be a {@code Host} header: {@code uri-host [ ":" port ]} (RFC 9110 7.2), maybe
   * empty.
   */
  static boolean isHostField(String value) {
    int end = value.length();
    int colon = value.lastIndexOf(':');
    if (colon >= 0 && colon > value.lastIndexOf(']')) {
      if (!isDigits(value.substring(colon + 1))) {
        return false;
      }
      end = colon;
    }
    return isHost(value.substring(0, end));
  }

  /** {@code host = IP-literal / IPv4address / reg-name} (RFC 3986 3.2.2); reg-name may be empty. */
  static boolean isHost(String host) {
    if (host.startsWith("[")) {
      return host.endsWith("]") && InetAddresses.isInetAddress(plain(host));
    }
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      boolean alphanumeric = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
      if (!alphanumeric && "-._~%!$&'()*+,;=".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * An address as REMOTE_ADDR has it (RFC 3875 4.1.8): no brackets, no zone; null for what is none,
   * such as the path of a Unix socket.
   */
  static @Nullable String address(@Nullable String value) {
    String plain = value == null ? "" : plain(value);
    return InetAddresses.isInetAddress(plain) ? plain : null;
  }

  /** A host as SERVER_NAME has it (RFC 3875 4.1.14): an IPv6 address in brackets. */
  static String serverName(String host) {
    return host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + plain(host) + "]" : host;
  }

  static boolean isDigits(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  private static String plain(String address) {
    int start = address.startsWith("[") ? 1 : 0;
    int end = address.endsWith("]") ? address.length() - 1 : address.length();
    int zone = address.indexOf('%', start);
    return start > end ? "" : address.substring(start, zone < 0 ? end : zone);
  }
}
