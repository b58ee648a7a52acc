package dev.postern.servlet;

import dev.postern.internal.FieldNames;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Variables that a configuration adds to a request: their names, and where they come from. */
final class GatewayVariables {
  private static final String CERTIFICATES = "jakarta.servlet.request.X509Certificate";

  /** Variables that say what the request is. A configuration must not replace them. */
  private static final Set<String> FIXED =
      Set.of(
          "CONTENT_LENGTH",
          "CONTENT_TYPE",
          "GATEWAY_INTERFACE",
          "PATH_INFO",
          "QUERY_STRING",
          "REQUEST_METHOD",
          "REQUEST_URI",
          "SCRIPT_NAME",
          "SERVER_PROTOCOL");

  /** What an init parameter may say, for a message. */
  static final String SOURCES =
      "principal, session, session-id, session:NAME, attribute:NAME, locale, certificates,"
          + " certificate-subject, certificate-issuer, certificate-serial";

  private GatewayVariables() {}

  /**
   * Refuses a name.
   *
   * @throws IllegalArgumentException with the rule that it breaks
   */
  static void check(String name) {
    if (name.startsWith("postern.") || name.startsWith("HTTP_") || FIXED.contains(name)) {
      throw new IllegalArgumentException(
          "variable name must be free, the request sets it: " + name);
    }
    if (!FieldNames.isVariableName(name) && !isExtension(name)) {
      throw new IllegalArgumentException(
          "variable name must be letters, digits and _, or small letters with a dot: \""
              + name
              + '"');
    }
  }

  private static boolean isExtension(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')) {
        return false;
      }
    }
    int dot = name.indexOf('.');
    return dot > 0 && dot < name.length() - 1;
  }

  /** The function for the word of an init parameter; null for an unknown word. */
  @SuppressWarnings("NullAway") // NullAway does not see the bound of the function's result.
  static @Nullable Function<HttpServletRequest, ? extends @Nullable Object> source(String word) {
    if (word.startsWith("attribute:") && word.length() > "attribute:".length()) {
      String attribute = word.substring("attribute:".length());
      return request -> request.getAttribute(attribute);
    }
    if (word.startsWith("session:") && word.length() > "session:".length()) {
      String attribute = word.substring("session:".length());
      return request -> {
        HttpSession session = request.getSession(false);
        return session == null ? null : session.getAttribute(attribute);
      };
    }
    return switch (word) {
      case "principal" -> GatewayVariables::principal;
      case "session" -> request -> request.getSession(false);
      case "session-id" -> GatewayVariables::sessionId;
      case "locale" -> request -> request.getLocale().toLanguageTag();
      case "certificates" -> request -> request.getAttribute(CERTIFICATES);
      case "certificate-subject" ->
          certificate(client -> client.getSubjectX500Principal().getName());
      case "certificate-issuer" -> certificate(client -> client.getIssuerX500Principal().getName());
      case "certificate-serial" -> certificate(client -> client.getSerialNumber().toString(16));
      default -> null;
    };
  }

  private static @Nullable String principal(HttpServletRequest request) {
    Principal principal = request.getUserPrincipal();
    return principal == null ? null : principal.getName();
  }

  private static @Nullable String sessionId(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    return session == null ? null : session.getId();
  }

  private static Function<HttpServletRequest, @Nullable Object> certificate(
      Function<X509Certificate, String> part) {
    return request ->
        request.getAttribute(CERTIFICATES) instanceof X509Certificate[] chain && chain.length > 0
            ? part.apply(chain[0])
            : null;
  }
}
