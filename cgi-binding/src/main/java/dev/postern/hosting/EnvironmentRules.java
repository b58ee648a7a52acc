package dev.postern.hosting;

import dev.postern.internal.Escapes;
import dev.postern.internal.FieldNames;
import dev.postern.process.ProgramText;
import dev.postern.system.FileNames;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which variables a hosted program gets, who sets each of them, and which it never gets. */
public final class EnvironmentRules {
  /** The most bytes of one {@code NAME=value} and its NUL; the kernel's own limit is 131072. */
  public static final int MAX_ENTRY = 64 * 1024;

  public static final int MAX_TOTAL = 512 * 1024;
  public static final int MAX_COUNT = 256;

  /** PATH, unless another one is configured. */
  public static final String PATH = "/usr/local/bin:/usr/bin:/bin";

  /** Variables that are taken from the environ as they are, if they are there. */
  public static final List<String> PASSED =
      List.of(
          "AUTH_TYPE",
          "CONTENT_TYPE",
          "PATH_INFO",
          "QUERY_STRING",
          "REMOTE_PORT",
          "REMOTE_USER",
          "REQUEST_METHOD",
          "REQUEST_URI",
          "SCRIPT_NAME");

  /** Variables that the host makes, some of them from what the environ says. */
  public static final Set<String> COMPUTED =
      Set.of(
          "CONTENT_LENGTH",
          "DOCUMENT_ROOT",
          "GATEWAY_INTERFACE",
          "HTTPS",
          "PATH_TRANSLATED",
          "REDIRECT_STATUS",
          "REMOTE_ADDR",
          "REMOTE_HOST",
          "REMOTE_IDENT",
          "REQUEST_SCHEME",
          "SCRIPT_FILENAME",
          "SERVER_ADDR",
          "SERVER_NAME",
          "SERVER_PORT",
          "SERVER_PROTOCOL",
          "SERVER_SOFTWARE");

  /** Variables in which a container describes the request for which it serves an error page. */
  public static final List<String> ERROR_PAGE =
      List.of(
          "REDIRECT_STATUS", "REDIRECT_URL", "REDIRECT_QUERY_STRING", "REDIRECT_REQUEST_METHOD");

  /** Those of {@link #COMPUTED} that may be configured too. The computed value wins. */
  private static final Set<String> CONFIGURABLE = Set.of("DOCUMENT_ROOT", "PATH_TRANSLATED");

  private EnvironmentRules() {}

  /**
   * The rule by which a variable of a request header is left out, or null.
   *
   * @param connection the names that {@code Connection} lists, as variables
   */
  static @Nullable String dropRule(String name, Set<String> connection, boolean authorization) {
    if (!isHeaderVariable(name)) {
      return "header-name";
    }
    if (name.equals("HTTP_PROXY")) {
      // HTTP clients in programs read their configuration from it: CVE-2016-5385 to 5388 and
      // others.
      return "header-proxy";
    }
    if (name.equals("HTTP_PROXY_AUTHORIZATION")
        || name.equals("HTTP_AUTHORIZATION") && !authorization) {
      return "header-credentials";
    }
    if (FieldNames.isNeverGiven(name) || name.startsWith("HTTP_REDIRECT_")) {
      // RFC 3875 4.1.18; php-cgi trusts HTTP_REDIRECT_STATUS: CVE-2024-8927.
      return "header-reserved";
    }
    return FieldNames.isHopByHop(name) || connection.contains(name) ? "header-hop-by-hop" : null;
  }

  /** Whether a rule of this package decides on an environ's key, or the key is no variable. */
  static boolean isOurs(String key) {
    return key.indexOf('.') >= 0
        || PASSED.contains(key)
        || COMPUTED.contains(key)
        || ERROR_PAGE.contains(key);
  }

  /**
   * Refuses a configured variable that could be taken for one of the request, or for another
   * configured one.
   *
   * @param others the names that are configured already
   * @throws IllegalArgumentException with the rule that it breaks
   */
  public static void checkConfigured(String name, String value, Collection<String> others) {
    if (!FieldNames.isVariableName(name)) {
      throw new IllegalArgumentException(
          "environment name must be letters, digits and _: " + Escapes.quote(name));
    }
    String taken = CONFIGURABLE.contains(name) ? null : whoSets(name);
    if (taken != null) {
      throw new IllegalArgumentException("environment name must be free, " + taken + ": " + name);
    }
    for (String other : others) {
      if (other.equalsIgnoreCase(name) && !other.equals(name)) {
        throw new IllegalArgumentException(
            "environment names must differ in more than case: " + name);
      }
    }
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("environment value must hold no NUL: " + name);
    }
    if (ProgramText.toBytes(value) == null) {
      throw new IllegalArgumentException(
          "environment value must be text that "
              + FileNames.CHARSET
              + ", the charset of this JVM's locale, can encode: "
              + name);
    }
  }

  /**
   * Refuses a name of a variable that is to be passed on from the environ.
   *
   * @throws IllegalArgumentException when it is no name, or another rule decides on it
   */
  public static void checkPassed(String name) {
    if (!FieldNames.isVariableName(name)) {
      throw new IllegalArgumentException(
          "variable name must be letters, digits and _: " + Escapes.quote(name));
    }
    String taken = whoSets(name);
    if (taken != null) {
      throw new IllegalArgumentException("variable name must be free, " + taken + ": " + name);
    }
  }

  /** Why a name is not free, or null. */
  private static @Nullable String whoSets(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    if (upper.equals("HTTP_PROXY")) {
      // Programs read their proxy from http_proxy, which no header becomes.
      return name.equals("http_proxy")
          ? null
          : "programs never get what a request header Proxy would become, but may have http_proxy";
    }
    String who = null;
    if (PASSED.contains(upper)) {
      who = "the request sets it";
    } else if (COMPUTED.contains(upper)) {
      who = "the host of programs sets it";
    } else if (upper.startsWith("HTTP_")) {
      who = "a header of the request sets it";
    } else if (upper.startsWith("REDIRECT_")) {
      who = "a container that serves an error page sets it";
    }
    return who == null || upper.equals(name) ? who : "but for its case " + who;
  }

  /**
   * {@code HTTP_ 1*[A-Z0-9_]}: all that a header name of letters, digits and hyphens can become.
   */
  private static boolean isHeaderVariable(String name) {
    for (int i = 5; i < name.length(); i++) {
      char c = name.charAt(i);
      if (!(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_')) {
        return false;
      }
    }
    return name.length() > 5;
  }
}
