package dev.postern.cgi.install;

import dev.postern.Application;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The server behind a warm executable. It listens on a Unix socket in a directory that only its
 * user can open, and takes one request from each connection. Each of its threads takes a request
 * and answers it, so that as many requests run at once as there are threads. Further requests wait
 * in the socket's queue; one that waits too long goes cold, which means that its stub starts a JVM
 * for it. The server ends after an idle time or a number of requests.
 */
final class WarmServer {
  private static final int LEAST = 8;
  private static final int MOST = 64;
  private static final int QUEUE = 128;

  /** The time between two looks at whether a client has gone or the idle time is over. */
  private static final long WATCH_MILLIS = 500;

  /** How long a thread that could not take a request waits before it tries again. */
  private static final long BACK_OFF_MILLIS = 200;

  /** When the log is larger than this, it becomes the predecessor, and a new one begins. */
  private static final long LOG_LARGEST = 1024 * 1024;

  private static final long LAST_REQUESTS_MINUTES = 10;
  private static final long TERMINATION_MILLIS = 900;

  private final Application application;
  private final Path socket;
  private final Path lock;
  private final Path log;
  private final long idleNanos;
  private final long maxRequests;
  private final AtomicLong taken = new AtomicLong();
  private final Set<WarmConnection> active = ConcurrentHashMap.newKeySet();
  private final ServerSocketChannel server;
  private volatile long lastEnd = System.nanoTime();

  private WarmServer(Application application, String[] arguments) throws IOException {
    this.application = application;
    this.socket = Path.of(arguments[0]);
    this.lock = Path.of(arguments[1]);
    String name = String.valueOf(socket.getFileName());
    this.log = socket.resolveSibling(name.replaceFirst("\\.sock$", ".log"));
    this.idleNanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[2]));
    long most = Long.parseLong(arguments[3]);
    this.maxRequests = most == 0 ? Long.MAX_VALUE : most;
    this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
  }

  /**
   * Serves until there is nothing more to do.
   *
   * @param arguments socket, lock file, idle time in milliseconds, maximum of requests
   */
  static void main(Application application, String[] arguments) throws Exception {
    System.setOut(System.err);
    WarmServer server = new WarmServer(application, arguments);
    server.listen();
    server.serve();
  }

  /** Gives the socket its mode before it gets its name, so that it is never open to other users. */
  private void listen() throws IOException {
    Path unnamed = socket.resolveSibling(socket.getFileName() + ".new");
    Files.deleteIfExists(unnamed);
    server.bind(UnixDomainSocketAddress.of(unnamed), QUEUE);
    Files.setPosixFilePermissions(unnamed, PosixFilePermissions.fromString("rw-------"));
    Files.move(unnamed, socket, StandardCopyOption.ATOMIC_MOVE);
  }

  private void serve() throws IOException, InterruptedException {
    int wanted = 4 * Runtime.getRuntime().availableProcessors();
    List<Thread> threads = new ArrayList<>();
    for (int i = Math.max(LEAST, Math.min(MOST, wanted)); i > 0; i--) {
      Thread thread = new Thread(this::takeRequests, "postern-request-" + i);
      threads.add(thread);
      thread.start();
    }
    // Not before: where there is no room for these threads, the lock file stays, so that not each
    // request starts a server.
    Runtime.getRuntime().addShutdownHook(new Thread(this::terminate, "postern-terminator"));
    while (server.isOpen()) {
      Thread.sleep(Math.min(WATCH_MILLIS, TimeUnit.NANOSECONDS.toMillis(idleNanos) + 1));
      watch();
    }
    // Waits for the end of the threads. An empty set of active requests would not be enough,
    // because a request that was just accepted is not in the set yet.
    long began = System.nanoTime();
    while (threads.stream().anyMatch(Thread::isAlive)
        && System.nanoTime() - began < TimeUnit.MINUTES.toNanos(LAST_REQUESTS_MINUTES)) {
      Thread.sleep(WATCH_MILLIS / 10);
      watch();
    }
  }

  @SuppressWarnings("CatchAndPrintStackTrace") // The server's standard error is its log.
  private void takeRequests() {
    while (server.isOpen()) {
      try {
        answer(server.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (Throwable e) {
        // This happens when the process has no more descriptors, for example. Requests go cold
        // meanwhile.
        e.printStackTrace();
        backOff();
      }
    }
  }

  private void answer(SocketChannel channel) throws IOException {
    long count = taken.incrementAndGet();
    if (count >= maxRequests) {
      stop();
    }
    if (count > maxRequests) {
      // Another thread has just taken the last request, so this one goes cold.
      channel.close();
      return;
    }
    WarmConnection connection = new WarmConnection(channel, application);
    active.add(connection);
    try {
      connection.run();
    } finally {
      lastEnd = System.nanoTime();
      active.remove(connection);
    }
  }

  /** Waits after a failure. Without this pause a failure that lasts would fill the log. */
  private static void backOff() {
    try {
      Thread.sleep(BACK_OFF_MILLIS);
    } catch (InterruptedException e) {
      // The interrupt was meant for a request that is over.
    }
  }

  private void watch() throws IOException {
    active.forEach(WarmServer::watch);
    // While the last requests run, the log is the next server's.
    if (server.isOpen()) {
      boundLog();
    }
    // A request writes when it ended before it leaves the set.
    if (active.isEmpty() && System.nanoTime() - lastEnd >= idleNanos) {
      stop();
    }
  }

  @SuppressWarnings("CatchAndPrintStackTrace") // The server's standard error is its log.
  private static void watch(WarmConnection connection) {
    try {
      connection.watch();
    } catch (Throwable e) {
      // The process may have no more threads, for example. The next look tries again.
      e.printStackTrace();
    }
  }

  /**
   * Keeps the log small. The stub has opened the log for appending as our standard error, and a JVM
   * cannot open another file in its place. So the content of the log is copied to a second file,
   * and the log is emptied. What is written in between is lost.
   */
  private void boundLog() {
    try {
      if (Files.exists(log) && Files.size(log) > LOG_LARGEST) {
        Path last = log.resolveSibling(log.getFileName() + ".1");
        Files.copy(log, last, StandardCopyOption.REPLACE_EXISTING);
        FileChannel.open(log, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)
            .close();
      }
    } catch (IOException e) {
      // The disk may be full, for example. The requests matter more, and the next look tries again.
    }
  }

  /**
   * Closes the socket. The requests that wait in its queue go cold. This process keeps the lock on
   * its file until it ends. Without the file's name, the next request makes another file, locks
   * that, and starts a server while the last requests of this one run.
   */
  private synchronized void stop() throws IOException {
    if (server.isOpen()) {
      server.close();
      Files.deleteIfExists(socket);
      Files.deleteIfExists(lock);
    }
  }

  /** Cancels the running requests on SIGTERM, and closes their bodies. */
  @SuppressWarnings("CatchAndPrintStackTrace") // The server's standard error is its log.
  private void terminate() {
    try {
      stop();
      for (WarmConnection connection : active) {
        connection.cancel(new IOException("server was told to end"));
        watch(connection);
      }
      long began = System.nanoTime();
      while (!active.isEmpty()
          && System.nanoTime() - began < TimeUnit.MILLISECONDS.toNanos(TERMINATION_MILLIS)) {
        Thread.sleep(10);
      }
    } catch (IOException e) {
      e.printStackTrace();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
