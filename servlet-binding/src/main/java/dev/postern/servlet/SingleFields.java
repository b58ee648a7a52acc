package dev.postern.servlet;

/**
 * The fields that a response may have only once, by their definition. The application's value
 * replaces that of a filter. All other fields are lists, or have a line for each value like {@code
 * Set-Cookie}. The application's values are added to those of filters.
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
