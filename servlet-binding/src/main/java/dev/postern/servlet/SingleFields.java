package dev.postern.servlet;

/**
 * The response fields that a response has once by their definition, whoever set them: an
 * application's value replaces the one of a filter. All others are lists, or have lines of their
 * own like {@code Set-Cookie}, and are added to what filters have set.
 */
final class SingleFields {
  private static final String[] NAMES = {
    // RFC 9110 and 9111
    "Age",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Retry-After",
    "Server",
    // Fetch and HTML: a second line makes browsers refuse or ignore the field
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Origin",
    "Access-Control-Max-Age",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    // RFC 6266, RFC 6797
    "Content-Disposition",
    "Strict-Transport-Security"
  };

  private SingleFields() {}

  /** A bit of its own for each such field, whatever the case of its name; 0 for all others. */
  static int bit(String name) {
    int length = name.length();
    for (int i = 0; i < NAMES.length; i++) {
      if (NAMES[i].length() == length && NAMES[i].equalsIgnoreCase(name)) {
        return 1 << i;
      }
    }
    return 0;
  }
}
