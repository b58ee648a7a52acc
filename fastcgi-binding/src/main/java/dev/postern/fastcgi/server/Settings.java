package dev.postern.fastcgi.server;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.internal.Escapes;
import dev.postern.internal.LimitedInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The options of a gateway, checked. Not thread-safe while they are set. */
public final class Settings {
  /**
   * The most bytes that all variables of a request may have, as in the environment of hosted
   * programs.
   */
  public static final int MAX_VARIABLE_BYTES = 512 * 1024;

  public static final int MAX_VARIABLES = 256;

  private final Application application;
  private ListenAddress address = ListenAddress.of("fd:0");
  private Set<PosixFilePermission> socketMode = PosixFilePermissions.fromString("rw-------");
  private @Nullable Peers peers;
  private int maxConnections = 1024;
  private int maxRequests = Integer.MAX_VALUE;
  private long maxBody = Long.MAX_VALUE;
  private Duration headTimeout = Duration.ofSeconds(30);
  private Duration bodyTimeout = Duration.ofSeconds(30);
  private Duration writeTimeout = Duration.ofSeconds(60);
  private Duration grace = Duration.ofSeconds(30);

  /** The UTF-8 bytes of the path, one char each, as variables have them. */
  private @Nullable String mount;

  private @Nullable PrintWriter errors;

  /** The settings of a gateway that serves the application. */
  public Settings(Application application) {
    this.application = requireNonNull(application, "application");
  }

  public void listen(String newAddress) {
    address = ListenAddress.of(newAddress);
  }

  public void socketMode(String octal) {
    String digits = octal.length() == 4 && octal.startsWith("0") ? octal.substring(1) : octal;
    if (digits.length() != 3 || !digits.chars().allMatch(c -> c >= '0' && c <= '7')) {
      throw new IllegalArgumentException("mode must be octal, such as 0660: \"" + octal + "\"");
    }
    int mode = Integer.parseInt(digits, 8);
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    PosixFilePermission[] all = PosixFilePermission.values();
    for (int bit = 0; bit < all.length; bit++) {
      if ((mode & 1 << all.length - 1 - bit) != 0) {
        permissions.add(all[bit]);
      }
    }
    socketMode = permissions;
  }

  public void peers(Set<InetAddress> addresses) {
    peers = Peers.of(addresses);
  }

  public void maxConnections(int connections) {
    maxConnections = positive(connections, "connections");
  }

  public void maxRequests(int requests) {
    maxRequests = positive(requests, "requests");
  }

  public void maxBody(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("limit of a body must not be negative: " + bytes);
    }
    maxBody = bytes;
  }

  public void headTimeout(Duration time) {
    headTimeout = positive(time);
  }

  public void bodyTimeout(Duration time) {
    bodyTimeout = positive(time);
  }

  public void writeTimeout(Duration time) {
    writeTimeout = positive(time);
  }

  public void grace(Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("grace must not be negative: " + time);
    }
    grace = time;
  }

  public void mount(String path) {
    if (!path.isEmpty() && (!path.startsWith("/") || path.endsWith("/"))) {
      throw new IllegalArgumentException(
          "mount must be \"\", or begin and not end with a slash: \"" + path + "\"");
    }
    mount = new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  public void errors(PrintWriter newErrors) {
    errors = requireNonNull(newErrors, "errors");
  }

  /** Starts a server of that protocol. The server accepts connections when this method returns. */
  public Server start(String name, Server.Protocol protocol) throws IOException {
    Peers allowed = peers == null ? Peers.ofEnvironment() : peers;
    ServerLimits limits =
        new ServerLimits(
            maxConnections,
            Math.min(maxRequests, maxConnections),
            headTimeout,
            bodyTimeout,
            writeTimeout,
            grace);
    Server server =
        new Server(name, ListenSocket.open(address, socketMode), allowed, limits, protocol);
    server.start();
    return server;
  }

  /** The path below which the application is; null if the web server says so. */
  public @Nullable String mount() {
    return mount;
  }

  /** Where errors go; null for the protocol's default. */
  public @Nullable PrintWriter errors() {
    return errors;
  }

  /**
   * The application that answers the request, or one that refuses it.
   *
   * @param sent the variables as the web server sent them
   */
  public Application application(Map<String, String> sent, Environ environ) {
    if (!ServerVariables.isRequest(sent)) {
      return (e, start) -> {
        throw new GatewayException(400, "request must have a REQUEST_METHOD [E1]");
      };
    }
    String prefix = mount;
    if (prefix != null && !prefix.isEmpty() && !ServerVariables.isBelow(sent, prefix)) {
      return (e, start) -> {
        throw new GatewayException(404, "path must be below the mount " + Escapes.quote(prefix));
      };
    }
    long length = environ.contentLength();
    if (length > maxBody) {
      return (e, start) -> {
        throw tooLarge(length);
      };
    }
    return application;
  }

  /** A body of unknown length. Whoever reads more of it than is allowed gets a 413. */
  public InputStream limited(InputStream body) {
    return new LimitedInput(
        body,
        maxBody,
        () -> {
          throw tooLarge(maxBody);
        });
  }

  private static GatewayException tooLarge(long length) {
    return new GatewayException(413, "request body must not exceed the limit: " + length);
  }

  private static int positive(int number, String what) {
    if (number < 1) {
      throw new IllegalArgumentException("limit of " + what + " must be positive: " + number);
    }
    return number;
  }

  private static Duration positive(Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("time must be positive: " + time);
    }
    return time;
  }
}
