package dev.postern.scgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.StartResponse;
import dev.postern.cgi.HostBuilder;
import dev.postern.cgi.Refusals;
import dev.postern.fastcgi.client.ScgiDialect;
import dev.postern.fastcgi.client.ServerAddress;
import dev.postern.fastcgi.client.ServerTarget;
import dev.postern.fastcgi.client.Upstreams;
import dev.postern.hosting.ProgramHost;
import dev.postern.hosting.RequestRules;
import dev.postern.hosting.RunWatch;
import dev.postern.process.Pumps;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * An SCGI server as an application. Each call is one request to the server, on a connection of its
 * own. The rules for hosted programs hold here too: the same checks, limits, time-outs, statuses
 * and ids.
 *
 * <p>An SCGI server ends a response by closing the connection. If a server dies in the middle of a
 * response without a Content-Length, its connection may close in the same way, and nobody can see
 * the difference. If the connection is reset, the response is cut. Thread-safe.
 */
public final class ScgiApplication implements Application, AutoCloseable {
  private final ProgramHost host;
  private final Upstreams upstreams;
  private final ScgiDialect dialect = new ScgiDialect();
  private final Path name;

  private ScgiApplication(Builder builder) {
    this.host = new ProgramHost(builder.hostOptions());
    this.upstreams = Upstreams.of(builder.addresses, 0, builder.connectTimeout);
    this.name = Path.of(builder.addresses.get(0).toString());
  }

  /** The server at that address, with all defaults: see {@link #builder}. */
  public static ScgiApplication of(String address) {
    return builder(address).build();
  }

  /**
   * Options for a server.
   *
   * @param address {@code HOST:PORT} or {@code unix:PATH}
   * @throws IllegalArgumentException when it is neither
   */
  public static Builder builder(String address) {
    return new Builder().address(address);
  }

  /**
   * Sends the request, and starts the response when the server has sent its header block. Blocks
   * until then.
   *
   * @throws GatewayException when the request is refused, no server can be reached (503), or the
   *     server fails (502, 504)
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    RunWatch watch = host.watch(name, environ);
    return host.run(
        watch,
        () -> {
          RequestRules.check(environ, host.options());
          return new ServerTarget(
              upstreams, dialect, host.options(), List.of(host.options().places()), name, null);
        },
        environ,
        startResponse);
  }

  /**
   * Ends the threads that are kept for the next request; {@code ServletGateway.destroy} calls it.
   * May be called more than once. The application still answers later requests.
   */
  @Override
  public void close() {
    upstreams.close();
    Pumps.endIdle();
  }

  /** What was refused or dropped so far, by rule. */
  public Refusals refusals() {
    return Refusals.of(host.counters().snapshot());
  }

  /** The application with the address of its server. */
  @Override
  public String toString() {
    return "ScgiApplication.of(" + name + ")";
  }

  /** Options of an SCGI server. Not thread-safe. */
  public static final class Builder extends HostBuilder<Builder> {
    private final List<ServerAddress> addresses = new ArrayList<>();
    private Duration connectTimeout = Duration.ofSeconds(5);

    private Builder() {}

    /**
     * Adds another server that can answer. A request goes to the server with the fewest requests of
     * this application, and to the next one if that server cannot be reached. A request that was
     * sent is sent again only to another server, and only if no byte came back and its method is
     * GET, HEAD or OPTIONS.
     *
     * @param address {@code HOST:PORT} or {@code unix:PATH}
     * @throws IllegalArgumentException when it is neither
     */
    public Builder address(String address) {
      addresses.add(ServerAddress.of(address));
      return this;
    }

    /**
     * How long a server may take to accept a connection; 5 s by default. Then the next server is
     * tried.
     */
    public Builder connectTimeout(Duration timeout) {
      if (timeout.isZero() || timeout.isNegative()) {
        throw new IllegalArgumentException("timeout must be positive: " + timeout);
      }
      connectTimeout = timeout;
      return this;
    }

    /** The application. It connects to nothing before the first request. */
    public ScgiApplication build() {
      return new ScgiApplication(this);
    }

    private dev.postern.hosting.HostOptions hostOptions() {
      return options();
    }

    @Override
    protected Builder self() {
      return this;
    }
  }
}
