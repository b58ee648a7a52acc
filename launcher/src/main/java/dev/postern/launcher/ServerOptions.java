package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.cgi.HostBuilder;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.status.StatusPage;
import dev.postern.launcher.values.LauncherException;
import dev.postern.launcher.values.Mount;
import dev.postern.web.TrustedProxies;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code serve} that hold for the server as a whole, and for no single mount. */
final class ServerOptions {
  private static final String DEFAULT_PORT = "8080";
  private static final String DEFAULT_BIND = "127.0.0.1";

  /** How many bytes of a run are kept for the error page of {@code --dev}. */
  private static final long DEV_KEPT = 64 * 1024;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "The port to listen on. 0 is any free port. Default: 8080.")
  @Nullable String port;

  @Option(
      names = "--bind",
      paramLabel = "ADDR",
      description =
          "The address to which --port belongs. 0.0.0.0 lets other machines connect. Default: "
              + "127.0.0.1.")
  @Nullable String bind;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      description =
          "Where to listen: HOST:PORT, unix:PATH, or fd:0 for a listening socket that the "
              + "process has as descriptor 0. Without --port, the server then listens only there. "
              + "May be repeated.")
  List<String> listen = new ArrayList<>();

  @Option(
      names = "--socket-mode",
      paramLabel = "MODE",
      description =
          "The mode of the file of each Unix socket of --listen, in octal, such as 0660. "
              + "Default: as the umask says.")
  @Nullable String socketMode;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "Serve HTTPS, with HTTP/2. The file is a certificate chain in PEM that begins with "
              + "the server's own certificate. The server reads it again when it changes.")
  @Nullable String tlsCert;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      description = "The key of --tls-cert, in PEM. The server reads it again when it changes.")
  @Nullable String tlsKey;

  @Option(
      names = "--proxy-protocol",
      description =
          "Read the client's address from the start of each connection, as HAProxy's "
              + "send-proxy writes it. No other client may be able to reach the port.")
  boolean proxyProtocol;

  @Option(
      names = "--trusted-proxy",
      paramLabel = "CIDR",
      description =
          "Trust Forwarded and X-Forwarded-* of the proxies at this address or in this "
              + "network. If the two kinds of headers differ, or the client cannot be read, the "
              + "answer is 400. May be repeated.")
  List<String> trustedProxies = new ArrayList<>();

  @Option(
      names = "--access-log",
      paramLabel = "FILE|-",
      description =
          "Write a line to this file for each request when its response is complete. - is "
              + "standard output. SIGUSR1 makes the server open the file again. Default: no access "
              + "log.")
  @Nullable String accessLog;

  @Option(
      names = "--access-format",
      paramLabel = "combined|json",
      description =
          "The format of the lines of --access-log: the format of Apache's httpd, or one JSON "
              + "object in each line. Default: combined.")
  @Nullable String accessFormat;

  @Option(
      names = "--access-query",
      description = "Also write query strings to --access-log. They may contain secrets.")
  boolean accessQuery;

  @Option(
      names = "--error-log",
      paramLabel = "FILE",
      description = "Write the log to this file. Default: standard error.")
  @Nullable String errorLog;

  @Option(
      names = "--status",
      paramLabel = "PREFIX",
      description =
          "Show the state of the server below this path: a live page, PREFIX/json, and "
              + "PREFIX/metrics for Prometheus. Only clients on this machine can see it. Default: "
              + "off.")
  @Nullable String status;

  @Option(
      names = "--status-from",
      paramLabel = "CIDR|unix",
      description =
          "Show --status only to the clients at this address or in this network. unix is the "
              + "clients of a Unix socket of --listen. May be repeated. Default: clients on this "
              + "machine.")
  List<String> statusFrom = new ArrayList<>();

  @Option(
      names = "--dev",
      description =
          "For a developer: before each request, load changed classes again. A request from "
              + "this machine that fails gets a page with the reason.")
  boolean dev;

  @Option(names = "--verbose", description = "Also log lines of the level INFO.")
  boolean verbose;

  @Option(
      names = "--quiet",
      description =
          "Log neither refusals nor the lines that programs and applications write to their "
              + "errors. Exceptions of Java applications are still logged.")
  boolean quiet;

  /** Makes a host of programs report its runs to the command. */
  void watch(HostBuilder<?> host) {
    host.onRun(RequestMark::took);
    if (dev) {
      host.keepRuns(DEV_KEPT);
    }
  }

  /**
   * Checks whether the logs could be opened, and opens none.
   *
   * @throws LauncherException when one could not
   */
  void checkLogs() {
    if (verbose && quiet) {
      throw LauncherException.badArgument("--verbose must not come with --quiet");
    }
    if (accessLog == null && (accessFormat != null || accessQuery)) {
      throw LauncherException.badArgument(
          (accessFormat == null ? "--access-query" : "--access-format")
              + " must come with --access-log");
    }
    LogFile.check("--access-log", accessLog);
    LogFile.check("--error-log", errorLog);
  }

  /**
   * Opens the error log.
   *
   * @throws LauncherException when it cannot be written
   */
  void openErrorLog() {
    checkLogs();
    if (verbose || quiet) {
      Logs.level(verbose ? Level.INFO : Level.SEVERE);
    }
    if (errorLog != null) {
      Logs.to(LogFile.open("--error-log", errorLog));
    }
  }

  /**
   * Opens the access log; null without one.
   *
   * @throws LauncherException when it cannot be written
   */
  @Nullable LogFile openAccessLog() {
    return accessLog == null ? null : LogFile.open("--access-log", accessLog);
  }

  /**
   * Returns the format of the access log's lines.
   *
   * @throws LauncherException when there is no such format
   */
  AccessLog.Format accessFormat() {
    return switch (accessFormat == null ? "combined" : accessFormat) {
      case "combined" -> AccessLog.Format.COMBINED;
      case "json" -> AccessLog.Format.JSON;
      default ->
          throw LauncherException.badArgument(
              "--access-format must be combined or json: \"" + accessFormat + "\"");
    };
  }

  /**
   * Returns where to listen: what {@code --listen} says, or else one address and port.
   *
   * @throws LauncherException when that is no such place
   */
  List<Listener> listeners() {
    if (bind != null && port == null && !listen.isEmpty()) {
      throw LauncherException.badArgument("--bind must come with --port, beside --listen");
    }
    Address address =
        Address.parse(bind == null ? DEFAULT_BIND : bind, port == null ? DEFAULT_PORT : port);
    Set<PosixFilePermission> mode = socketMode == null ? null : Listener.mode(socketMode);
    if (mode != null && listen.stream().noneMatch(text -> text.startsWith("unix:"))) {
      throw LauncherException.badArgument("--socket-mode must come with --listen unix:PATH");
    }
    if (listen.isEmpty()) {
      return List.of(Listener.of(address));
    }
    List<Listener> listeners = new ArrayList<>();
    if (port != null) {
      listeners.add(Listener.of(address));
    }
    listen.forEach(text -> listeners.add(Listener.parse(text).withMode(mode)));
    return listeners;
  }

  /**
   * Returns the proxies whose headers are believed; null if none are.
   *
   * @throws LauncherException when one is no address
   */
  @Nullable TrustedProxies proxies() {
    if (trustedProxies.isEmpty()) {
      return null;
    }
    try {
      return TrustedProxies.of(trustedProxies.toArray(new String[0]));
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--trusted-proxy: " + e.getMessage());
    }
  }

  /**
   * Returns the prefix of {@code --status}; null without that option.
   *
   * @throws LauncherException when no request can have that prefix
   */
  @Nullable String statusPrefix() {
    if (status == null && !statusFrom.isEmpty()) {
      throw LauncherException.badArgument("--status-from must come with --status");
    }
    return status == null ? null : Mount.prefix("--status", status);
  }

  /**
   * Returns the application that {@code --status} mounts.
   *
   * @throws LauncherException when a client of {@code --status-from} is no address
   */
  Application statusPage(Board board) {
    try {
      return StatusPage.of(board, statusFrom);
    } catch (IllegalArgumentException e) {
      throw LauncherException.badArgument("--status-from: " + e.getMessage());
    }
  }

  /**
   * Returns the certificate and its key; null for plain HTTP.
   *
   * @throws LauncherException when they are wrong
   */
  @Nullable Tls tls() {
    // Tls needs Bouncy Castle. When the JVM loads a class of that signed jar, it checks the
    // signature, which takes a tenth of the start.
    return tlsCert == null && tlsKey == null ? null : Tls.of(tlsCert, tlsKey);
  }
}
