package dev.postern.servlet;

import dev.postern.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Notices clients that reset their connection while nothing is read from or written to them, which
 * no container tells a blocking servlet. The kernel forgets a connection when it is reset; so the
 * connections of requests that take long are looked up in its table, and a request whose connection
 * was there and is there no more is cancelled. A connection that the client has only half-closed
 * stays in the table, and is no abort.
 *
 * <p>A request is first looked up when it is {@value #LOOK_MILLIS} ms old, and then as often; a
 * quicker one costs an entry in a set. An address that a valve or a proxy protocol has put in place
 * of the client's own is never found, and must not be missed: a connection that no look has found
 * counts as reset only when the port has shown another one to be genuine, and no header of the
 * request could have brought the address. Does nothing where there is no such table.
 *
 * <p>Thread-safe. Its thread lives only while there are requests, as a web application that is
 * undeployed must leave none.
 */
final class ClientWatch implements AutoCloseable {
  static final int LOOK_MILLIS = 500;

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS);

  private final ConnectionTable table;
  private final boolean present;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition closing = lock.newCondition();

  /** Oldest first. Guarded by the lock. */
  private final Set<Watched> watched = new LinkedHashSet<>();

  /** Ports whose clients have the addresses that we are told. Of the watching thread. */
  private final Set<Integer> genuine = ConcurrentHashMap.newKeySet();

  private boolean running;
  private boolean closed;

  ClientWatch(ConnectionTable table) {
    this.table = table;
    this.present = table.isPresent();
  }

  /** One request and its connection. */
  static final class Watched {
    private final Exchange exchange;
    private final int localPort;
    private final @Nullable String address;
    private final int port;
    private final boolean direct;
    private final long since = System.nanoTime();
    private @Nullable String key;
    private boolean seen;

    /** Containers use the request again for the next one: what is needed of it is taken now. */
    private Watched(Exchange exchange, HttpServletRequest request) {
      this.exchange = exchange;
      this.localPort = request.getLocalPort();
      this.address = request.getRemoteAddr();
      this.port = request.getRemotePort();
      this.direct = address != null && isDirect(request, address);
    }

    /** Whether no header could be where the address is from. */
    private static boolean isDirect(HttpServletRequest request, String address) {
      Enumeration<String> names = request.getHeaderNames();
      while (names.hasMoreElements()) {
        String name = names.nextElement();
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.contains("forwarded") || lower.endsWith("-ip")) {
          return false;
        }
        String value = request.getHeader(name);
        if (value != null && value.contains(address)) {
          return false;
        }
      }
      return true;
    }

    /** Made when it is first asked for: most requests end before. */
    private @Nullable String key() {
      if (key == null && address != null) {
        key = ConnectionTable.key(localPort, address, port);
      }
      return key;
    }
  }

  /** Watches a request until {@link #end}; null when it is not watched. */
  @Nullable Watched begin(Exchange exchange, HttpServletRequest request) {
    if (!present) {
      return null;
    }
    Watched entry = new Watched(exchange, request);
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      watched.add(entry);
      if (!running) {
        running = true;
        Thread thread = new Thread(this::run, "postern-client-watch");
        thread.setDaemon(true);
        thread.start();
      }
      return entry;
    } finally {
      lock.unlock();
    }
  }

  /** The request has ended. */
  void end(@Nullable Watched entry) {
    if (entry != null) {
      lock.lock();
      try {
        watched.remove(entry);
      } finally {
        lock.unlock();
      }
    }
  }

  /** Stops watching. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      watched.clear();
      closing.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    while (pause()) {
      List<Watched> due = due(System.nanoTime());
      if (!due.isEmpty()) {
        look(due);
      }
    }
  }

  /** Waits until the next look; false when there is nothing left to do for this thread. */
  private boolean pause() {
    lock.lock();
    try {
      long left = LOOK_NANOS;
      while (!closed && left > 0) {
        left = closing.awaitNanos(left);
      }
      running = !closed && !watched.isEmpty();
    } catch (InterruptedException e) {
      running = false;
    } finally {
      lock.unlock();
    }
    return running;
  }

  private List<Watched> due(long now) {
    List<Watched> due = new ArrayList<>();
    lock.lock();
    try {
      for (Watched entry : watched) {
        if (now - entry.since < LOOK_NANOS) {
          break;
        }
        due.add(entry);
      }
    } finally {
      lock.unlock();
    }
    return due;
  }

  /**
   * On the watching thread alone, without the lock: a hook of a cancelled request may take time.
   */
  private void look(List<Watched> due) {
    Set<String> connections;
    try {
      connections = table.connections();
    } catch (IOException e) {
      // Without a table nothing can be said about anybody.
      return;
    }
    for (Watched entry : due) {
      String key = entry.key();
      if (key == null) {
        end(entry);
      } else if (connections.contains(key)) {
        entry.seen = true;
        genuine.add(entry.localPort);
      } else if (entry.seen || entry.direct && genuine.contains(entry.localPort)) {
        end(entry);
        entry.exchange.cancel(new IOException("client has reset its connection"));
      }
    }
  }
}
