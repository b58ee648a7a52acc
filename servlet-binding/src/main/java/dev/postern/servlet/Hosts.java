package dev.postern.servlet;

/** Host names and addresses as text. */
final class Hosts {
  private Hosts() {}

  /**
   * Whether this can be a {@code Host} header: {@code uri-host [ ":" port ]} (RFC 9110 7.2), maybe
   * empty. What is not would be passed on into links and pages.
   */
  static boolean isHostField(String value) {
    int end = value.length();
    int colon = value.lastIndexOf(':');
    if (colon > value.lastIndexOf(']')) {
      for (int i = colon + 1; i < end; i++) {
        if (!isDigit(value.charAt(i))) {
          return false;
        }
      }
      end = colon;
    }
    return isHost(value.substring(0, end));
  }

  /** {@code host = IP-literal / IPv4address / reg-name} (RFC 3986 3.2.2); reg-name may be empty. */
  static boolean isHost(String host) {
    if (host.startsWith("[")) {
      return host.length() > 3 && host.endsWith("]") && isAddress(host, 1, host.length() - 1);
    }
    for (int i = 0; i < host.length(); i++) {
      char c = host.charAt(i);
      if (!isAlphanumeric(c) && "-._~%!$&'()*+,;=".indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  /** An address as RFC 3875 4.1.8 has it: no brackets, no zone; IPv6 in its short form. */
  static String plainAddress(String address) {
    int start = address.startsWith("[") ? 1 : 0;
    int end = address.endsWith("]") ? address.length() - 1 : address.length();
    int zone = address.indexOf('%', start);
    return Addresses.shortForm(address.substring(start, zone < 0 ? end : zone));
  }

  /** A host as RFC 3875 4.1.14 has it: an IPv6 address in brackets, without its zone. */
  static String bracketed(String host) {
    return host.indexOf(':') < 0 ? host : "[" + plainAddress(host) + "]";
  }

  private static boolean isAddress(String text, int start, int end) {
    for (int i = start; i < end; i++) {
      if ("0123456789abcdefABCDEF:.".indexOf(text.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private static boolean isAlphanumeric(char c) {
    return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }
}
