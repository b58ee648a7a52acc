package dev.postern.fastcgi.server;

import dev.postern.fastcgi.wire.ProtocolException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections, runs each on a thread of its own, watches their times, and stops them in
 * order. Thread-safe.
 */
public final class Server {
  private static final long BUSY_MILLIS = 50;

  /** So many looks later, a connection that was drained for its place has mostly given it back. */
  private static final int LOOKS_FOR_A_PLACE = 6;

  private static final long QUIET_MILLIS = 500;
  private static final long RETRY_MILLIS = 100;
  private static final Duration AFTER_CANCEL = Duration.ofSeconds(2);

  private final String name;
  private final ListenSocket socket;
  private final Peers peers;
  private final ServerLimits limits;
  private final Protocol protocol;
  private final ExecutorService threads;
  private final Semaphore places;
  private final Semaphore requests;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile boolean busy;
  private @Nullable Thread acceptor;

  /** Makes connections of a protocol. */
  @FunctionalInterface
  public interface Protocol {
    Connection open(SocketChannel channel, Server server);
  }

  /**
   * A server on a socket. It closes the socket when it is stopped. {@link #start} starts it.
   *
   * @param name of the protocol, for threads and the log
   */
  public Server(
      String name, ListenSocket socket, Peers peers, ServerLimits limits, Protocol protocol) {
    this.name = name;
    this.socket = socket;
    this.peers = peers;
    this.limits = limits;
    this.protocol = protocol;
    this.threads = RequestThreads.of("postern-" + name);
    this.places = new Semaphore(limits.connections());
    this.requests = new Semaphore(limits.requests());
  }

  /** Begins to accept. The thread that accepts keeps the JVM alive. */
  public void start() {
    acceptor = new Thread(this::accept, "postern-" + name + "-accept");
    acceptor.start();
    Thread watch = new Thread(this::watch, "postern-" + name + "-watch");
    watch.setDaemon(true);
    watch.start();
  }

  public String address() {
    return socket.address();
  }

  public ServerLimits limits() {
    return limits;
  }

  /** Whether a request may run now. A caller that gets true calls {@link #endRequest} later. */
  public boolean beginRequest() {
    busy = true;
    return requests.tryAcquire();
  }

  public void endRequest() {
    requests.release();
  }

  public boolean isStopping() {
    return stopping.getCount() == 0;
  }

  /** Runs a task of a connection on a thread of its own. */
  public void run(Runnable task) {
    threads.execute(task);
  }

  /** Waits until the server was stopped. */
  public void await() throws InterruptedException {
    stopped.await();
  }

  /** Waits until the server was stopped, which SIGTERM and Ctrl-C do from now on. */
  public void serve() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stop, "postern-" + name + "-stop"));
    try {
      await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stop();
    }
  }

  // ---- accepting ----

  private void accept() {
    boolean more = true;
    while (more) {
      if (!awaitPlace()) {
        break;
      }
      SocketChannel channel = null;
      try {
        channel = socket.accept();
        more = channel != null;
      } catch (ClosedChannelException e) {
        more = false;
      } catch (IOException | RuntimeException | OutOfMemoryError e) {
        // There may be no free descriptors or memory, for example. Others may give some back.
        log("connection must be accepted: " + e);
        more = pause();
      }
      if (channel == null) {
        places.release();
      } else {
        serve(channel);
      }
    }
    try {
      socket.close();
    } catch (IOException e) {
      log("socket must be closed: " + e);
    }
  }

  /**
   * Waits for a place. At the limit it closes a connection that a web server keeps without using
   * it, to make room for a new one. A connection that is drained reads for a moment longer, so the
   * server gives it time to end before it drains another one.
   */
  private boolean awaitPlace() {
    try {
      int looks = 0;
      while (!places.tryAcquire(BUSY_MILLIS, TimeUnit.MILLISECONDS)) {
        if (looks > 0) {
          looks--;
        } else if (drainIdlest()) {
          looks = LOOKS_FOR_A_PLACE;
        }
        look(System.nanoTime());
      }
      return true;
    } catch (InterruptedException e) {
      return false;
    }
  }

  /** Returns whether there was a connection to drain. */
  private boolean drainIdlest() {
    Connection idlest = null;
    long since = Long.MAX_VALUE;
    for (Connection connection : connections) {
      long one = connection.idleSince();
      if (one != Long.MAX_VALUE && (idlest == null || one - since < 0)) {
        idlest = connection;
        since = one;
      }
    }
    if (idlest == null) {
      return false;
    }
    idlest.drain();
    return true;
  }

  private boolean pause() {
    try {
      return !stopping.await(RETRY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private void serve(SocketChannel channel) {
    Connection connection = null;
    try {
      if (peers.allow(channel)) {
        if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        connection = protocol.open(channel, this);
        connections.add(connection);
        threads.execute(task(connection));
        return;
      }
      log("peer must be on the list [F02]: " + channel.getRemoteAddress());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      log("connection must be served: " + e);
    }
    if (connection != null) {
      connections.remove(connection);
    }
    places.release();
    closeQuietly(channel);
  }

  private Runnable task(Connection connection) {
    return () -> {
      try {
        if (isStopping()) {
          connection.drain();
        }
        connection.serve();
      } catch (IOException e) {
        if (connection.timedOut()) {
          log("connection was closed: peer must do something in time [F06]");
        } else if (e instanceof ProtocolException) {
          log("connection was closed: " + e.getMessage());
        }
      } catch (RuntimeException | Error e) {
        log("connection must be served: " + e);
      } finally {
        connections.remove(connection);
        places.release();
        connection.close();
      }
    };
  }

  private static void closeQuietly(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // The channel had to be closed, and it is.
    }
  }

  private void log(String message) {
    System.getLogger("dev.postern." + name).log(System.Logger.Level.WARNING, message);
  }

  // ---- watching ----

  private void watch() {
    try {
      while (stopped.getCount() > 0) {
        if (busy || isStopping()) {
          stopped.await(BUSY_MILLIS, TimeUnit.MILLISECONDS);
        } else {
          // A stop waits for the looks that end idle connections.
          stopping.await(QUIET_MILLIS, TimeUnit.MILLISECONDS);
        }
        busy = requests.availablePermits() < limits.requests();
        look(System.nanoTime());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Looks at each connection. A failure, such as that of a start of a thread, is logged once a
   * round. It must not end the time-outs of all connections.
   */
  private void look(long now) {
    Throwable failure = null;
    for (Connection connection : connections) {
      try {
        connection.look(now);
      } catch (RuntimeException | OutOfMemoryError e) {
        failure = e;
      }
    }
    if (failure != null && !threads.isShutdown()) {
      log("connection must be watched: " + failure);
    }
  }

  // ---- stopping ----

  /**
   * Stops the server. It accepts no new connection, and ends connections without a request. Running
   * requests have the grace to finish. Then it cancels those that still run, and cuts their
   * responses.
   */
  public void stop() {
    boolean first;
    synchronized (this) {
      first = !isStopping();
      stopping.countDown();
    }
    if (!first) {
      awaitQuietly();
      return;
    }
    socket.refuse();
    if (!endInOrder()) {
      for (Connection connection : connections) {
        connection.cancel(new IOException("gateway stops"));
      }
      awaitNoConnection(AFTER_CANCEL);
    }
    if (acceptor != null) {
      acceptor.interrupt();
    }
    for (Connection connection : connections) {
      connection.breakOff();
    }
    threads.shutdown();
    stopped.countDown();
  }

  private boolean endInOrder() {
    for (Connection connection : connections) {
      connection.drain();
    }
    return awaitNoConnection(limits.grace());
  }

  /**
   * Waits until all places are free. A connection that was accepted but is not in {@code
   * connections} yet holds a place too.
   */
  private boolean awaitNoConnection(Duration time) {
    int all = limits.connections();
    try {
      return places.tryAcquire(all, time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void awaitQuietly() {
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
