package dev.postern.cgi;

import static java.util.Objects.requireNonNull;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.process.ProgramText;
import dev.postern.wire.Escapes;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The environment of a hosted program: built from empty, with the variables of RFC 3875 4.1, those
 * that programs have come to expect, and what was configured. A computed value always wins over a
 * configured one.
 */
final class ProgramEnvironment {
  private static final int MAX_ENTRY = 64 * 1024;
  private static final int MAX_TOTAL = 512 * 1024;
  private static final int MAX_COUNT = 256;
  private static final String PATH = "/usr/local/bin:/usr/bin:/bin";

  /** Taken from the environ as they are, when they are there. */
  private static final List<String> PASSED =
      List.of(
          "AUTH_TYPE",
          "CONTENT_TYPE",
          "HTTPS",
          "PATH_INFO",
          "QUERY_STRING",
          "REMOTE_ADDR",
          "REMOTE_HOST",
          "REMOTE_PORT",
          "REMOTE_USER",
          "REQUEST_METHOD",
          "REQUEST_SCHEME",
          "REQUEST_URI",
          "SCRIPT_NAME",
          "SERVER_ADDR",
          "SERVER_NAME",
          "SERVER_PORT",
          "SERVER_PROTOCOL",
          "SERVER_SOFTWARE");

  /** Made here. */
  private static final Set<String> COMPUTED =
      Set.of(
          "CONTENT_LENGTH",
          "DOCUMENT_ROOT",
          "GATEWAY_INTERFACE",
          "PATH_TRANSLATED",
          "REDIRECT_STATUS",
          "REMOTE_IDENT",
          "SCRIPT_FILENAME");

  /**
   * Request headers that end here: RFC 9110 7.6.1, RFC 3875 4.1.18 and 9.2, httpoxy (CVE-2016-5385
   * and kin).
   */
  private static final Set<String> NEVER =
      Set.of(
          "HTTP_CONNECTION",
          "HTTP_CONTENT_LENGTH",
          "HTTP_CONTENT_TYPE",
          "HTTP_HTTP2_SETTINGS",
          "HTTP_KEEP_ALIVE",
          "HTTP_PROXY",
          "HTTP_PROXY_AUTHORIZATION",
          "HTTP_PROXY_CONNECTION",
          "HTTP_TE",
          "HTTP_TRAILER",
          "HTTP_TRANSFER_ENCODING",
          "HTTP_UPGRADE");

  private final Map<String, String> variables = new LinkedHashMap<>();
  private int total;

  private ProgramEnvironment() {}

  /**
   * The environment for one request.
   *
   * @param contentLength of the body that the program gets, or -1 for none
   * @return bytes, one char each, all of which the program will get exactly
   * @throws GatewayException with status 400, 414 or 431 when the request cannot be passed on
   */
  static Map<String, String> of(
      Environ environ, HostOptions options, Program program, long contentLength)
      throws GatewayException {
    ProgramEnvironment built = new ProgramEnvironment();
    built.addConfigured(options.environment());
    for (String name : PASSED) {
      String value = environ.variable(name);
      if (value != null) {
        built.addForeign(name, value);
      }
    }
    built.addHeaders(environ, options.passAuthorization());
    built.add("GATEWAY_INTERFACE", "CGI/1.1");
    built.add("REDIRECT_STATUS", "200");
    built.add("SCRIPT_FILENAME", ProgramText.toBytes(program.file()));
    if (contentLength >= 0) {
      built.add("CONTENT_LENGTH", Long.toString(contentLength));
    }
    built.addDocumentRoot(environ, options);
    return built.variables;
  }

  /**
   * Refuses a configured variable that could be taken for the request's.
   *
   * @throws IllegalArgumentException with the rule that it breaks
   */
  static void checkConfigured(String name, String value) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "environment name must be letters, digits and _: " + Escapes.quote(name));
    }
    String upper = name.toUpperCase(Locale.ROOT);
    if (PASSED.contains(upper)
        || COMPUTED.contains(upper)
        || upper.startsWith("HTTP_")
        || upper.startsWith("REDIRECT_")) {
      throw new IllegalArgumentException(
          "environment name must not be one that a request sets: " + name);
    }
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("environment value must hold no NUL: " + name);
    }
    if (ProgramText.toBytes(value) == null) {
      throw new IllegalArgumentException(
          "environment value must be text that "
              + ProgramText.charset()
              + ", the charset of this JVM's locale, can encode: "
              + name);
    }
  }

  private void addConfigured(Map<String, String> configured) throws GatewayException {
    if (!configured.containsKey("PATH")) {
      add("PATH", PATH);
    }
    for (Map.Entry<String, String> entry : configured.entrySet()) {
      add(entry.getKey(), requireNonNull(ProgramText.toBytes(entry.getValue())));
    }
  }

  private void addHeaders(Environ environ, boolean passAuthorization) throws GatewayException {
    Set<String> connection = connectionVariables(environ.variable("HTTP_CONNECTION"));
    for (String name : environ.keySet()) {
      if (name.startsWith("HTTP_")
          && isHeaderVariable(name)
          && !NEVER.contains(name)
          && !name.startsWith("HTTP_REDIRECT_")
          && !connection.contains(name)
          && (passAuthorization || !name.equals("HTTP_AUTHORIZATION"))) {
        String value = environ.variable(name);
        if (value != null) {
          addForeign(name, value);
        }
      }
    }
  }

  /**
   * The variables of the headers that {@code Connection} names: hop-by-hop too (RFC 9110 7.6.1).
   */
  private static Set<String> connectionVariables(@Nullable String connection) {
    if (connection == null) {
      return Set.of();
    }
    Set<String> names = new HashSet<>();
    for (String name : connection.split(",", -1)) {
      names.add("HTTP_" + name.trim().toUpperCase(Locale.ROOT).replace('-', '_'));
    }
    return names;
  }

  private void addDocumentRoot(Environ environ, HostOptions options) throws GatewayException {
    if (options.documentRoot() == null) {
      return;
    }
    String root = ProgramText.toBytes(options.documentRoot());
    add("DOCUMENT_ROOT", root);
    String path = environ.variable("PATH_INFO");
    if (path != null && !path.isEmpty()) {
      add("PATH_TRANSLATED", root + path);
    }
  }

  /** A value that a client had a hand in, bytes as chars. */
  private void addForeign(String name, String value) throws GatewayException {
    if (value.startsWith("() {")) {
      // What old versions of bash took for a function to run: CVE-2014-6271.
      throw new GatewayException(
          400, name + " must not look like a shell function [shell-function]");
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' && c != '\t') {
        throw new GatewayException(
            400, name + " must hold no control characters [control-character]");
      }
    }
    add(name, value);
  }

  private void add(String name, String bytes) throws GatewayException {
    if (!ProgramText.canCarry(bytes)) {
      throw new GatewayException(
          400,
          name
              + " must be bytes that "
              + ProgramText.charset()
              + " can carry: "
              + Escapes.quote(bytes)
              + " [not-encodable]");
    }
    count(name, bytes.length());
    variables.put(name, bytes);
  }

  private void count(String name, int length) throws GatewayException {
    int entry = name.length() + length + 2;
    total += entry;
    if (entry > MAX_ENTRY || total > MAX_TOTAL || variables.size() >= MAX_COUNT) {
      throw new GatewayException(
          431,
          "environment must not exceed "
              + MAX_COUNT
              + " variables, "
              + MAX_ENTRY
              + " bytes each, "
              + MAX_TOTAL
              + " in all: "
              + name
              + " [environment-too-large]",
          Headers.of(),
          null,
          null);
    }
  }

  private static boolean isName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_';
      if (!letter && !(i > 0 && c >= '0' && c <= '9')) {
        return false;
      }
    }
    return !name.isEmpty();
  }

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
