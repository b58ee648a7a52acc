package dev.postern.web.middleware;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Sessions inside of their cookies: the values in base64url, a dot, and their HMAC-SHA256. Whoever
 * has the cookie can read them, and nobody without the secret can make one.
 */
final class CookieSessions {
  private static final int MIN_SECRET = 32;

  private final List<SecretKeySpec> keys = new ArrayList<>();

  /** The first secret signs new cookies. All of them are tried when a cookie is read. */
  CookieSessions(byte[]... secrets) {
    for (byte[] secret : secrets) {
      if (secret.length < MIN_SECRET) {
        throw new IllegalArgumentException(
            "secret must have at least 32 random bytes: " + secret.length);
      }
      keys.add(new SecretKeySpec(secret, "HmacSHA256"));
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("signed sessions must have a secret");
    }
  }

  String write(String cookieName, SessionStore.Stored session) {
    String values =
        Base64.getUrlEncoder().withoutPadding().encodeToString(SessionBytes.write(session));
    return values + "." + sign(keys.get(0), cookieName, values);
  }

  /**
   * The session in a cookie; null when none of the secrets has signed the cookie, or the session
   * has expired.
   */
  SessionStore.@Nullable Stored read(String cookieName, String cookie, Instant now) {
    int dot = cookie.indexOf('.');
    if (dot < 0) {
      return null;
    }
    String values = cookie.substring(0, dot);
    byte[] signature = cookie.substring(dot + 1).getBytes(StandardCharsets.ISO_8859_1);
    boolean signed = false;
    for (SecretKeySpec key : keys) {
      byte[] expected = sign(key, cookieName, values).getBytes(StandardCharsets.ISO_8859_1);
      signed |= MessageDigest.isEqual(expected, signature);
    }
    if (!signed) {
      return null;
    }
    SessionStore.Stored session = SessionBytes.read(Base64.getUrlDecoder().decode(values));
    return session == null || !session.expires().isAfter(now) ? null : session;
  }

  /**
   * The signature covers the cookie's name, so that the value is worth nothing under another name.
   */
  private static String sign(SecretKeySpec key, String cookieName, String values) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      mac.update((cookieName + "=").getBytes(StandardCharsets.ISO_8859_1));
      byte[] signature = mac.doFinal(values.getBytes(StandardCharsets.ISO_8859_1));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java has HmacSHA256", e);
    }
  }
}
