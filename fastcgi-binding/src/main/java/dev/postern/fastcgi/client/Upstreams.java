package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.internal.DaemonTimer;
import dev.postern.wire.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The servers that can answer. The next request goes to the server that has the fewest requests of
 * ours; servers with equally few take turns. A server that could not be reached is tried last for a
 * few seconds. Thread-safe.
 */
public final class Upstreams implements AutoCloseable {
  /** How long a server that could not be reached is tried last. */
  private static final long DOWN_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** How long an idle connection is kept. */
  private static final long KEEP_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final List<Upstream> all;
  private final Duration connectTimeout;
  private final AtomicInteger turn = new AtomicInteger();
  private final AutoCloseable home;

  /**
   * Servers.
   *
   * @param home is closed after the servers
   */
  private Upstreams(List<? extends Upstream> all, Duration connectTimeout, AutoCloseable home) {
    this.all = List.copyOf(all);
    this.connectTimeout = connectTimeout;
    this.home = home;
  }

  /**
   * Servers at those addresses.
   *
   * @param keep how many idle connections are kept to each server
   */
  public static Upstreams of(List<ServerAddress> addresses, int keep, Duration connectTimeout) {
    List<Upstream> all = new ArrayList<>();
    ScheduledThreadPoolExecutor timer = DaemonTimer.named("postern-idle-connections");
    for (ServerAddress address : addresses) {
      all.add(new Upstream(address, keep, KEEP_NANOS, timer));
    }
    return new Upstreams(all, connectTimeout, timer::shutdownNow);
  }

  /** Servers that this process starts. Each is started when a request first needs it. */
  public static Upstreams of(KeptServers servers, Duration connectTimeout) {
    return new Upstreams(servers.all(), connectTimeout, servers);
  }

  /** How many servers there are. */
  int size() {
    return all.size();
  }

  /**
   * A connection for a request, kept or new. Tries once to connect to each server that may have one
   * more request. This is safe because connecting sends nothing of the request.
   *
   * @param fresh whether the connection must be new
   * @param avoid servers that have failed for this request already, and are tried last
   * @throws GatewayException with status 503 when none can be reached
   */
  ServerConnection take(boolean fresh, Set<Upstream> avoid) throws IOException {
    IOException failure = null;
    Set<Upstream> tried = new HashSet<>();
    int first = Math.floorMod(turn.getAndIncrement(), all.size());
    for (Upstream upstream = begin(first, tried, avoid);
        upstream != null;
        upstream = begin(first, tried, avoid)) {
      try {
        ServerConnection kept = fresh ? null : upstream.take();
        if (kept != null) {
          return kept;
        }
        ServerConnection opened = upstream.open(TimeUnit.NANOSECONDS.convert(connectTimeout));
        upstream.reached(true);
        return opened;
      } catch (InterruptedIOException e) {
        upstream.end();
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        upstream.reached(false);
        failure = e;
      } catch (IOException e) {
        upstream.end();
        upstream.reached(false);
        failure = e;
      } catch (RuntimeException | Error e) {
        upstream.end();
        throw e;
      }
    }
    throw Refusal.of(
        503,
        "not-started",
        "server must be reachable: "
            + this
            + ": "
            + (failure == null ? "all are busy" : failure.getMessage()),
        Headers.of("Retry-After", "1"),
        failure);
  }

  /**
   * Begins the request at the best server that it has not tried yet; null if there is none. Under
   * the lock, so that no two requests find the same server idle.
   */
  private synchronized @Nullable Upstream begin(
      int first, Set<Upstream> tried, Set<Upstream> avoid) {
    long now = System.nanoTime();
    Upstream best = null;
    boolean bestIsLast = false;
    int bestActive = 0;
    for (int i = 0; i < all.size(); i++) {
      Upstream upstream = all.get((first + i) % all.size());
      int active = upstream.active();
      if (active == upstream.most() || tried.contains(upstream)) {
        continue;
      }
      boolean last = avoid.contains(upstream) || upstream.isDown(now, DOWN_NANOS);
      if (best == null || (last == bestIsLast ? active < bestActive : bestIsLast)) {
        best = upstream;
        bestIsLast = last;
        bestActive = active;
      }
    }
    if (best != null) {
      tried.add(best);
      best.begin();
    }
    return best;
  }

  /** Closes idle connections, and ends the servers that this process has started. */
  @Override
  public void close() {
    all.forEach(Upstream::close);
    try {
      home.close();
    } catch (Exception e) {
      throw new IllegalStateException("servers must end", e);
    }
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Upstream upstream : all.size() > 4 ? all.subList(0, 4) : all) {
      text.append(text.isEmpty() ? "" : ", ").append(upstream.address());
    }
    return all.size() > 4 ? text + ", …" : text.toString();
  }
}
