package dev.postern.fastcgi;

import dev.postern.Application;
import dev.postern.fastcgi.server.Settings;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;

/**
 * The options that the gateways of FastCGI and SCGI share. Not thread-safe.
 *
 * @param <B> the builder itself
 */
public abstract class GatewayBuilder<B extends GatewayBuilder<B>> {
  private final Settings settings;

  /** Options with their defaults, for that application. */
  protected GatewayBuilder(Application application) {
    settings = new Settings(application);
  }

  /** The builder itself. */
  protected abstract B self();

  /** What was set, for the gateway. */
  @SuppressWarnings("exports")
  protected final Settings settings() {
    return settings;
  }

  /**
   * Where to listen: {@code HOST:PORT}, where port 0 is any free one; {@code unix:PATH}; or {@code
   * fd:0}, the default, for the socket that the process was started with, as spawn-fcgi, lighttpd,
   * Apache's mod_fcgid and systemd do. FastCGI and SCGI have no passwords: whoever can connect is
   * believed in all that it says of a request.
   *
   * @throws IllegalArgumentException for another form, or a host that has no address
   */
  public final B listen(String newAddress) {
    settings.listen(newAddress);
    return self();
  }

  /**
   * Who may connect to a Unix socket that the gateway makes: the mode of its file, in octal digits;
   * {@code 0600} by default, the gateway's own user. A web server that runs as another user of the
   * same group needs {@code 0660}, and write access to the directory is not needed.
   *
   * @throws IllegalArgumentException unless it is three octal digits, or four with a leading 0
   */
  public final B socketMode(String octal) {
    settings.socketMode(octal);
    return self();
  }

  /**
   * The web servers that may connect over TCP: any other peer's connection is closed before a byte
   * is read (FastCGI 3.2). By default those that the variable {@code FCGI_WEB_SERVER_ADDRS} lists,
   * and all where it is absent.
   */
  public final B peers(Set<InetAddress> addresses) {
    settings.peers(addresses);
    return self();
  }

  /**
   * Connections at the same time, 1024 by default. At the limit a connection that has been without
   * a request for longest is closed, and new ones wait in the system's queue.
   */
  public final B maxConnections(int connections) {
    settings.maxConnections(connections);
    return self();
  }

  /** Requests at the same time; by default as many as connections. */
  public final B maxRequests(int requests) {
    settings.maxRequests(requests);
    return self();
  }

  /**
   * The largest request body, in bytes; no limit by default, since the web server has one. Over it
   * the client gets 413 and the application is not called.
   */
  public final B maxBody(long bytes) {
    settings.maxBody(bytes);
    return self();
  }

  /** The time for all variables of a request, 30 s by default; then the connection is closed. */
  public final B headTimeout(Duration time) {
    settings.headTimeout(time);
    return self();
  }

  /** How long a read of a request's body waits for a byte, 30 s by default; then it is a 408. */
  public final B bodyTimeout(Duration time) {
    settings.bodyTimeout(time);
    return self();
  }

  /**
   * How long the web server may take nothing of a response, 60 s by default; then the connection is
   * closed.
   */
  public final B writeTimeout(Duration time) {
    settings.writeTimeout(time);
    return self();
  }

  /** How long {@code close} waits for requests that run, 30 s by default; then they are cut. */
  public final B grace(Duration time) {
    settings.grace(time);
    return self();
  }

  /**
   * The path that the application is at, such as {@code /app}, or {@code ""} for the root: it
   * becomes SCRIPT_NAME, and the rest of the path PATH_INFO, however the web server has split them.
   * By default the web server's split counts; where nginx, Apache's mod_proxy or HAProxy name no
   * application, it is at the root.
   *
   * @throws IllegalArgumentException for a path that does not begin with a slash, or ends with one
   */
  public final B mount(String path) {
    settings.mount(path);
    return self();
  }

  /**
   * Where {@code postern.errors} goes. By default FastCGI sends it to the web server, in STDERR
   * records, for its log; SCGI has no way to do that, and writes it to standard error. Never
   * closed.
   */
  public final B errors(PrintWriter newErrors) {
    settings.errors(newErrors);
    return self();
  }
}
