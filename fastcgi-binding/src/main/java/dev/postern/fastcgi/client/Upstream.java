package dev.postern.fastcgi.client;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One server: its address, how many of our requests it has now, and the connections that are kept
 * for the next ones. Thread-safe.
 */
class Upstream {
  private final ServerAddress address;
  private final int keep;
  private final long keepNanos;
  private final Deque<Idle> idle = new ArrayDeque<>();
  private int active;
  private long downSince;
  private boolean down;
  private boolean closed;

  /** Closes connections that are too old while no request comes; null for nobody. */
  private final @Nullable ScheduledExecutorService timer;

  /** Whether the timer will look. */
  private boolean timed;

  private record Idle(ServerConnection connection, long since) {}

  /** A server to which at most {@code keep} idle connections are kept. */
  Upstream(
      ServerAddress address, int keep, long keepNanos, @Nullable ScheduledExecutorService timer) {
    this.address = address;
    this.keep = keep;
    this.keepNanos = keepNanos;
    this.timer = timer;
  }

  ServerAddress address() {
    return address;
  }

  boolean keepsConnections() {
    return keep > 0;
  }

  /** How many requests the server may have at once. */
  int most() {
    return Integer.MAX_VALUE;
  }

  /** How many requests the server has now. */
  synchronized int active() {
    return active;
  }

  /** Whether the server could not be reached a short time ago. */
  synchronized boolean isDown(long now, long downNanos) {
    return down && now - downSince < downNanos;
  }

  synchronized void reached(boolean up) {
    down = !up;
    downSince = System.nanoTime();
  }

  synchronized void begin() {
    active++;
  }

  synchronized void end() {
    active--;
  }

  /** Takes a kept connection that is still open; null if there is none. */
  @Nullable ServerConnection take() {
    closeOld();
    while (true) {
      Idle kept;
      synchronized (this) {
        kept = idle.pollLast();
      }
      if (kept == null) {
        return null;
      }
      if (!kept.connection.isStale()) {
        return kept.connection;
      }
      kept.connection.close();
    }
  }

  /** Closes the connections that have been idle for too long. */
  private void closeOld() {
    List<Idle> old = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      while (!idle.isEmpty() && now - idle.getFirst().since >= keepNanos) {
        old.add(idle.removeFirst());
      }
    }
    old.forEach(kept -> kept.connection.close());
  }

  private void look() {
    closeOld();
    synchronized (this) {
      timed = false;
      lookLater();
    }
  }

  /** Called under the lock. */
  private void lookLater() {
    if (timer == null || timed || closed || idle.isEmpty()) {
      return;
    }
    long age = System.nanoTime() - idle.getFirst().since;
    try {
      var unused = timer.schedule(this::look, keepNanos - age, TimeUnit.NANOSECONDS);
      timed = true;
    } catch (OutOfMemoryError e) {
      // The system has no thread for the timer. The next connection that comes back tries again.
    }
  }

  /** Opens a new connection. */
  ServerConnection open(long timeoutNanos) throws IOException {
    return ServerConnection.open(this, timeoutNanos);
  }

  /** Takes back the connection of a finished request, to be used again. */
  void giveBack(ServerConnection connection) {
    connection.markUsed();
    closeOld();
    ServerConnection old = null;
    synchronized (this) {
      if (closed || keep == 0) {
        old = connection;
      } else {
        if (idle.size() == keep) {
          old = idle.removeFirst().connection;
        }
        idle.addLast(new Idle(connection, System.nanoTime()));
        lookLater();
      }
    }
    if (old != null) {
      old.close();
    }
  }

  /**
   * Closes a connection that cannot be used again.
   *
   * @param cutOff whether the server may still work on the request, whose response had not ended
   */
  void drop(ServerConnection connection, boolean cutOff) {
    connection.close();
  }

  /** Closes the kept connections. From now on none is kept. */
  void close() {
    synchronized (this) {
      closed = true;
    }
    closeIdle();
  }

  final void closeIdle() {
    Deque<Idle> all;
    synchronized (this) {
      all = new ArrayDeque<>(idle);
      idle.clear();
    }
    all.forEach(kept -> kept.connection.close());
  }
}
