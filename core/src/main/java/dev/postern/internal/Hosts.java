package dev.postern.internal;

import org.jspecify.annotations.Nullable;

/** Host names and addresses, as bytes one char each. */
public final class Hosts {
  private Hosts() {}

  /**
   * Whether this can be a {@code Host} header: {@code uri-host [ ":" port ]} (RFC 9110 7.2), maybe
   * empty. Applications build links from the header, so anything else would end up in pages.
   */
  public static boolean isHostField(String value) {
    int end = value.length();
    int colon = value.lastIndexOf(':');
    if (colon >= 0 && colon > value.lastIndexOf(']')) {
      if (!isDigits(value, colon + 1)) {
        return false;
      }
      end = colon;
    }
    return isHost(value.substring(0, end));
  }

  /**
   * {@code host = IP-literal / IPv4address / reg-name} (RFC 3986 3.2.2); reg-name may be empty. An
   * address with a zone is none: a zone means nothing to another machine, and has no place in a URL
   * (RFC 9844).
   */
  public static boolean isHost(String host) {
    if (host.startsWith("[")) {
      return host.endsWith("]") && host.indexOf('%') < 0 && Addresses.groups(plain(host)) != null;
    }
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if (!Text.isAlphanumeric(c) && "-._~%!$&'()*+,;=".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * An address as REMOTE_ADDR has it (RFC 3875 4.1.8): no brackets, no zone, IPv6 in its short form
   * (RFC 5952). Null for a text that is no address, such as the path of a Unix socket.
   */
  public static @Nullable String address(@Nullable String value) {
    if (value == null) {
      return null;
    }
    String plain = plain(value);
    if (plain.indexOf(':') >= 0) {
      int[] groups = Addresses.groups(plain);
      return groups == null ? null : Addresses.text(groups);
    }
    return Addresses.isDotted(plain) ? plain : null;
  }

  /**
   * A host as SERVER_NAME has it (RFC 3875 4.1.14): in lower case; an IPv6 address in brackets, in
   * its short form and without a zone. A text that is neither a name nor an address is only put in
   * lower case.
   */
  public static String serverName(String host) {
    if (host.indexOf(':') < 0) {
      return Text.lower(host);
    }
    String address = address(host);
    return address == null ? Text.lower(host) : "[" + address + "]";
  }

  private static String plain(String address) {
    int start = address.startsWith("[") ? 1 : 0;
    int end = address.endsWith("]") ? address.length() - 1 : address.length();
    int zone = address.indexOf('%', start);
    return start > end ? "" : address.substring(start, zone < 0 ? end : zone);
  }

  private static boolean isDigits(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }
}
