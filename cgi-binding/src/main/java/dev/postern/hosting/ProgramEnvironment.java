package dev.postern.hosting;

import static java.util.Objects.requireNonNull;

import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.FieldNames;
import dev.postern.internal.Hosts;
import dev.postern.process.ProgramText;
import dev.postern.program.RequestPath;
import dev.postern.wire.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The environment of a hosted program: built from empty, with the variables of RFC 3875 4.1, those
 * that programs have come to expect, and what was configured. A computed value always wins over a
 * configured one.
 */
public final class ProgramEnvironment {
  private final Environ environ;
  private final HostOptions options;
  private final Own own;
  private final Map<String, String> variables = new LinkedHashMap<>();
  private int total;

  private ProgramEnvironment(Environ environ, HostOptions options, Own own) {
    this.environ = environ;
    this.options = options;
    this.own = own;
  }

  /**
   * What belongs to the program and not to the request.
   *
   * @param defaults variables as bytes; a configured one of the same name replaces a default
   * @param configured the variables that are the same for each request
   * @param file SCRIPT_FILENAME as bytes, or null for none
   * @param interpreted whether a configured interpreter runs the file
   * @param inProcess whether the variables go through the locale's charset on their way
   */
  public record Own(
      Map<String, String> defaults,
      Map<String, String> configured,
      @Nullable String file,
      boolean interpreted,
      boolean inProcess) {}

  /**
   * The environment for one request.
   *
   * @param contentLength of the body that the program gets, or -1 for none
   * @return bytes, one char each, all of which the program will get exactly
   * @throws GatewayException with status 400 or 431 when the request cannot be passed on
   */
  public static Map<String, String> of(
      Environ environ, HostOptions options, Own own, long contentLength, RefusalCounters counters)
      throws GatewayException {
    ProgramEnvironment built = new ProgramEnvironment(environ, options, own);
    built.addConfigured();
    // Headers come first. This reads the whole environ at once, and the look-ups below then find
    // all in it.
    built.addHeaders(counters);
    for (String name : EnvironmentRules.PASSED) {
      built.addForeign(name, environ.variable(name));
    }
    if (RequestPath.bytes(environ, "PATH_INFO").isEmpty()) {
      // Programs check whether it is there, and web servers leave an empty one out.
      built.variables.remove("PATH_INFO");
    }
    built.addServer();
    built.addPeer();
    built.add("GATEWAY_INTERFACE", "CGI/1.1");
    built.addRedirect();
    if (own.file() != null) {
      built.add("SCRIPT_FILENAME", own.file());
      for (String name : options.fileVariables()) {
        built.add(name, own.file());
      }
    }
    if (contentLength >= 0) {
      built.add("CONTENT_LENGTH", Long.toString(contentLength));
    }
    built.addDocumentRoot();
    return built.variables;
  }

  private void addConfigured() throws GatewayException {
    for (Map.Entry<String, String> entry : own.defaults().entrySet()) {
      if (!own.configured().containsKey(entry.getKey())) {
        add(entry.getKey(), entry.getValue());
      }
    }
    for (Map.Entry<String, String> entry : own.configured().entrySet()) {
      add(entry.getKey(), requireNonNull(ProgramText.toBytes(entry.getValue())));
    }
  }

  /**
   * Adds what the gateway says of itself, in RFC 3875's forms. Where it says nothing, adds the
   * default.
   */
  private void addServer() throws GatewayException {
    boolean secure = environ.scheme().equals("https");
    add("REQUEST_SCHEME", secure ? "https" : "http");
    if (secure) {
      add("HTTPS", "on");
    }
    addForeign("SERVER_NAME", Hosts.serverName(orElse("SERVER_NAME", "localhost")));
    addForeign("SERVER_PORT", orElse("SERVER_PORT", secure ? "443" : "80"));
    addForeign("SERVER_PROTOCOL", protocol(orElse("SERVER_PROTOCOL", "HTTP/1.0")));
    addForeign("SERVER_SOFTWARE", orElse("SERVER_SOFTWARE", "Postern"));
    addForeign("SERVER_ADDR", Hosts.address(environ.variable("SERVER_ADDR")));
  }

  /**
   * Adds the client. We look up no names, so REMOTE_HOST is the address unless the gateway knows a
   * name.
   */
  private void addPeer() throws GatewayException {
    String address = Hosts.address(environ.variable("REMOTE_ADDR"));
    String host = environ.variable("REMOTE_HOST");
    addForeign("REMOTE_ADDR", address);
    addForeign("REMOTE_HOST", host == null || host.isEmpty() ? address : host);
  }

  private void addHeaders(RefusalCounters counters) throws GatewayException {
    Set<String> connection = FieldNames.connectionOptions(environ.variable("HTTP_CONNECTION"));
    List<String> names = new ArrayList<>(40);
    environ.forEach((name, value) -> names.add(name));
    for (String name : names) {
      if (options.passed().contains(name)) {
        addForeign(name, environ.variable(name));
      } else if (!name.startsWith("HTTP_")) {
        if (!EnvironmentRules.isOurs(name)) {
          counters.count("variable");
        }
      } else {
        String rule = EnvironmentRules.dropRule(name, connection, options.passAuthorization());
        if (rule == null) {
          addForeign(name, environ.variable(name));
        } else {
          counters.count(rule);
        }
      }
    }
  }

  /**
   * Adds REDIRECT_STATUS. PHP's guard against a direct call requires it where a configured
   * interpreter runs the file. On an error page, the container describes the request that failed by
   * this variable and others, which are passed on.
   */
  private void addRedirect() throws GatewayException {
    String status = environ.variable("REDIRECT_STATUS");
    if (status != null && status.matches("[2-5][0-9][0-9]") && !status.equals("200")) {
      for (String name : EnvironmentRules.ERROR_PAGE) {
        addForeign(name, environ.variable(name));
      }
    } else if (own.interpreted()) {
      add("REDIRECT_STATUS", "200");
    }
  }

  /**
   * Adds the document root, and the path below it as text. Links are not followed, and the path has
   * no dot segments.
   */
  private void addDocumentRoot() throws GatewayException {
    if (options.documentRoot() == null) {
      return;
    }
    String root = ProgramText.toBytes(options.documentRoot());
    add("DOCUMENT_ROOT", root);
    String path = RequestPath.bytes(environ, "PATH_INFO");
    if (!path.isEmpty()) {
      add("PATH_TRANSLATED", root.equals("/") ? path : root + path);
    }
  }

  private String orElse(String name, String otherwise) {
    String value = environ.variable(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  /** {@code HTTP/x.y} (RFC 3875 4.1.16); some gateways say {@code HTTP/2}. */
  private static String protocol(String value) {
    return value.startsWith("HTTP/") && value.indexOf('.') < 0 ? value + ".0" : value;
  }

  /** Adds a value that a client may have chosen, bytes as chars. */
  private void addForeign(String name, @Nullable String value) throws GatewayException {
    if (value == null) {
      return;
    }
    if (value.startsWith("() {") && !options.shellFunctions()) {
      // Old versions of bash run such a value as a function: CVE-2014-6271.
      throw Refusal.of(400, "shell-function", name + " must not look like a shell function");
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < ' ' && c != '\t' || c == 0x7F) {
        throw Refusal.of(400, "control-character", name + " must hold no control characters");
      }
    }
    add(name, value);
  }

  private void add(String name, String bytes) throws GatewayException {
    if (own.inProcess() && !ProgramText.canCarry(bytes)) {
      throw Refusal.of(
          400,
          "not-encodable",
          // The message leaves out the value, which may be a password or a session's cookie.
          name + " must be bytes that " + ProgramText.charset() + " can carry");
    }
    int entry = name.length() + bytes.length() + 2;
    total += entry;
    if (entry > EnvironmentRules.MAX_ENTRY
        || total > EnvironmentRules.MAX_TOTAL
        || variables.size() == EnvironmentRules.MAX_COUNT) {
      throw Refusal.of(
          431,
          "environment-too-large",
          "environment must not exceed "
              + EnvironmentRules.MAX_COUNT
              + " variables, "
              + EnvironmentRules.MAX_ENTRY
              + " bytes each, "
              + EnvironmentRules.MAX_TOTAL
              + " in all: "
              + name);
    }
    variables.put(name, bytes);
  }
}
