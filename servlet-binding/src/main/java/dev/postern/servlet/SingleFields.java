package dev.postern.servlet;

import java.util.Set;
import java.util.TreeSet;

/**
 * The response fields that a response has once by their definition, whoever set them: an
 * application's value replaces the one of a filter. All others are lists, or have lines of their
 * own like {@code Set-Cookie}, and are added to what filters have set.
 */
final class SingleFields {
  private static final Set<String> NAMES = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

  static {
    NAMES.addAll(
        Set.of(
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
            "Server"));
    NAMES.addAll(
        Set.of(
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
            "Strict-Transport-Security"));
  }

  private SingleFields() {}

  static boolean contains(String name) {
    return NAMES.contains(name);
  }
}
