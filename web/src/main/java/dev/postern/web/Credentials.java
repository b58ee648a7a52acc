package dev.postern.web;

import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What an {@code Authorization} header says (RFC 9110 11.6.2). Nothing is checked here.
 *
 * @param scheme in lower case, such as {@code basic} or {@code bearer}
 * @param value what stands behind the scheme, bytes as chars; maybe ""
 */
public record Credentials(String scheme, String value) {
  /** The credentials of a header, or null when it has no scheme. */
  static @Nullable Credentials parse(@Nullable String header) {
    if (header == null) {
      return null;
    }
    String text = Text.trimmed(header);
    int space = text.indexOf(' ');
    String scheme = space < 0 ? text : text.substring(0, space);
    if (!Text.isToken(scheme)) {
      return null;
    }
    return new Credentials(
        Text.lower(scheme), space < 0 ? "" : Text.trimmed(text, space, text.length()));
  }

  /** The user of Basic credentials (RFC 7617), decoded as UTF-8; null for anything else. */
  public @Nullable String user() {
    String pair = pair();
    return pair == null ? null : pair.substring(0, pair.indexOf(':'));
  }

  /** The password of Basic credentials (RFC 7617), decoded as UTF-8; null for anything else. */
  public @Nullable String password() {
    String pair = pair();
    return pair == null ? null : pair.substring(pair.indexOf(':') + 1);
  }

  /** The token of Bearer credentials (RFC 6750); null for anything else. */
  public @Nullable String token() {
    return scheme.equals("bearer") && !value.isEmpty() ? value : null;
  }

  private @Nullable String pair() {
    if (!scheme.equals("basic")) {
      return null;
    }
    try {
      byte[] bytes = Base64.getDecoder().decode(value);
      String pair = Ascii.utf8(new String(bytes, StandardCharsets.ISO_8859_1));
      if (pair == null) {
        // Before RFC 7617 browsers sent ISO-8859-1.
        pair = new String(bytes, StandardCharsets.ISO_8859_1);
      }
      return pair.indexOf(':') < 0 ? null : pair;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The scheme only, because the rest is a secret. */
  @Override
  public String toString() {
    return "Credentials[" + scheme + "]";
  }
}
