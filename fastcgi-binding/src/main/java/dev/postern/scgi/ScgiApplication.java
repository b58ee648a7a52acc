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
 * An SCGI server as an application: each call is one request to it, on a connection of its own.
 * What holds for hosted programs holds here: the same checks, limits, time-outs, statuses and ids.
 *
 * <p>SCGI ends a response by closing the connection. A server that dies in the middle of a response
 * without a Content-Length can do so in the same way, which nobody can tell from the end; one whose
 * connection is reset is cut. Thread-safe.
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
   * Sends the request, and starts the response when its header block is there. Blocks until then.
   *
   * @throws GatewayException when the request is refused, no server can be reached (503), or the
   *     server fails (502, 504)
   */
  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    RunWatch watch = host.watch(name, environ);
    try {
      RequestRules.check(environ, host.options());
      ServerTarget target =
          new ServerTarget(
              upstreams, dialect, host.options(), List.of(host.options().places()), name, null);
      return host.run(target, environ, startResponse, watch);
    } catch (Throwable e) {
      if (e instanceof GatewayException refused) {
        host.counters().counted(refused);
      }
      watch.failed(e);
      watch.tell();
      throw e;
    }
  }

  /**
   * Ends the threads that are kept for the next request; {@code ServletGateway.destroy} calls it.
   * May be called more than once, and used on.
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

  /** Where its server is. */
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
     * Another server that can answer: a request goes to the one with the fewest requests of ours,
     * and to the next one where it cannot be reached. A request that was sent is sent again only to
     * another server, when no byte came back and its method is GET, HEAD or OPTIONS.
     *
     * @param address {@code HOST:PORT} or {@code unix:PATH}
     * @throws IllegalArgumentException when it is neither
     */
    public Builder address(String address) {
      addresses.add(ServerAddress.of(address));
      return this;
    }

    /** How long a server has to accept a connection; 5 s by default. The next one is then asked. */
    public Builder connectTimeout(Duration timeout) {
      if (timeout.isZero() || timeout.isNegative()) {
        throw new IllegalArgumentException("timeout must be positive: " + timeout);
      }
      connectTimeout = timeout;
      return this;
    }

    /** The application. Nothing is connected before the first request. */
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
