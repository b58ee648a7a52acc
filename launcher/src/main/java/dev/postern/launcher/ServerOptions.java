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

  @Option(names = "--port", paramLabel = "N", description = "Default: 8080. 0 is any free port.")
  @Nullable String port;

  @Option(names = "--bind", paramLabel = "ADDR", description = "Default: 127.0.0.1.")
  @Nullable String bind;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      description =
          "Where to listen, beside --port if that is given: HOST:PORT, unix:PATH, or fd:0 for a "
              + "socket that descriptor 0 is already, as systemd can give.")
  List<String> listen = new ArrayList<>();

  @Option(
      names = "--socket-mode",
      paramLabel = "MODE",
      description =
          "The mode of the file of each Unix socket of --listen, such as 0660. Default: as the "
              + "umask says.")
  @Nullable String socketMode;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      description =
          "Serve HTTPS, and HTTP/2: the certificates in PEM, the server's own first. Read again "
              + "when the file changes.")
  @Nullable String tlsCert;

  @Option(names = "--tls-key", paramLabel = "FILE", description = "The key of --tls-cert, in PEM.")
  @Nullable String tlsKey;

  @Option(
      names = "--proxy-protocol",
      description =
          "Each connection begins with the client's address, as HAProxy writes it. Connections "
              + "from anybody else than such a proxy are then wrong about who they are.")
  boolean proxyProtocol;

  @Option(
      names = "--trusted-proxy",
      paramLabel = "CIDR",
      description = {
        "Believe Forwarded and X-Forwarded-* of proxies at that address, or in that network."
      })
  List<String> trustedProxies = new ArrayList<>();

  @Option(
      names = "--access-log",
      paramLabel = "FILE|-",
      description = "Write a line for each request there; - is standard output.")
  @Nullable String accessLog;

  @Option(
      names = "--access-format",
      paramLabel = "combined|json",
      description = "How the lines of --access-log are written. Default: combined.")
  @Nullable String accessFormat;

  @Option(
      names = "--access-query",
      description = "Write query strings into --access-log, which may hold secrets.")
  boolean accessQuery;

  @Option(
      names = "--error-log",
      paramLabel = "FILE",
      description = "Write there what goes wrong. Default: standard error.")
  @Nullable String errorLog;

  @Option(
      names = "--status",
      paramLabel = "PREFIX",
      description =
          "Tell there how the server stands: a live page, PREFIX/json, and PREFIX/metrics for "
              + "Prometheus. Only clients on this machine see it.")
  @Nullable String status;

  @Option(
      names = "--status-from",
      paramLabel = "CIDR|unix",
      description =
          "Let clients of that address or network see --status, and no others; unix is who "
              + "connects to a Unix socket of --listen.")
  List<String> statusFrom = new ArrayList<>();

  @Option(
      names = "--dev",
      description =
          "For a developer: load classes again when they change, and show to requests from this "
              + "machine what went wrong.")
  boolean dev;

  @Option(names = "--verbose", description = "Log what is for information, too.")
  boolean verbose;

  @Option(
      names = "--quiet",
      description =
          "Log neither refusals nor what programs and applications write to their errors. "
              + "Exceptions of applications are logged.")
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
