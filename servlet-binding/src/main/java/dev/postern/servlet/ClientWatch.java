package dev.postern.servlet;

import dev.postern.Exchange;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Cancels the requests of clients that have reset their connection while nothing is read from or
 * written to them. No container tells a blocking servlet about such a reset.
 *
 * <p>The kernel forgets a connection when it is reset. So this class looks for the connections of
 * long requests in the kernel's table. It cancels a request only when its connection was in the
 * table before and is then missing in {@value #MISSES} looks in a row:
 *
 * <ul>
 *   <li>A valve, a filter or the PROXY protocol may have replaced the client's address by another
 *       one. A connection from that address is not in the table. It was never seen there, so it is
 *       never taken for a reset one, and is forgotten.
 *   <li>One look can miss a connection that lives, because the table is no snapshot.
 *   <li>A client that has only ended its own side (FIN) stays in the table.
 *   <li>HTTP/3 does not run over TCP, and is not watched.
 * </ul>
 *
 * <p>A request is looked up first when it is {@value #FIRST_MILLIS} ms old, and then every {@value
 * #EVERY_MILLIS} ms. A quicker request costs two writes to an array, without a lock. If the table
 * is large, looks are rarer, because they have a {@link LookBudget}. A reset is then noticed later.
 *
 * <p>All servlets of a class loader share one watch and its thread. The thread ends when nothing
 * was watched for {@value #IDLE_SECONDS} s, and before the last of these servlets is destroyed.
 *
 * <p>Thread-safe.
 */
final class ClientWatch {
  static final int MISSES = 3;
  static final int FIRST_MILLIS = 50;
  static final int EVERY_MILLIS = 500;
  static final int IDLE_SECONDS = 10;

  /** How many requests are watched at a time. More requests than that are not watched. */
  static final int MOST = 10_000;

  /** 2^64 divided by the golden ratio. Consecutive numbers times this factor are far apart. */
  private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

  private static final long FIRST = TimeUnit.MILLISECONDS.toNanos(FIRST_MILLIS);
  private static final long EVERY = TimeUnit.MILLISECONDS.toNanos(EVERY_MILLIS);
  private static final long IDLE = TimeUnit.SECONDS.toNanos(IDLE_SECONDS);

  private static @Nullable ClientWatch shared;
  private static int holders;

  private final Table table;
  private final boolean readable;

  /** The watched requests, each in a place of its own. */
  private final AtomicReferenceArray<@Nullable Watched> watched = new AtomicReferenceArray<>(MOST);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock. */
  private @Nullable Thread thread;

  /**
   * Whether a new request has to wake the thread, because there is no thread or because it waits
   * for a request. The thread sets this under the lock before it looks for requests for the last
   * time. A request reads this after it has taken its place. So the thread sees the request, or the
   * request sees this flag.
   */
  private volatile boolean asleep = true;

  private volatile boolean closed;

  private final LookBudget budget = new LookBudget();

  ClientWatch(Table table) {
    this.table = table;
    this.readable = table.isReadable();
  }

  /** The client has reset its connection. The exception has no stack, because nobody needs one. */
  static final class ClientGoneException extends IOException {
    private static final long serialVersionUID = 1;

    private ClientGoneException() {
      super("client has reset its connection");
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
      return this;
    }
  }

  /** The connections of this machine. */
  interface Table {
    /** Whether this machine has such a table. */
    boolean isReadable();

    /** The indices of those wanted connections that the table has. */
    BitSet present(Connection[] wanted) throws IOException;
  }

  /** The watch of this class loader, for one more servlet, which has to {@link #release} it. */
  static synchronized ClientWatch acquire() {
    if (shared == null) {
      shared = new ClientWatch(ConnectionTable.ofKernel());
    }
    holders++;
    return shared;
  }

  /** Ends the shared watch with its last servlet. */
  static synchronized void release() {
    if (--holders == 0 && shared != null) {
      shared.close();
      shared = null;
    }
  }

  /**
   * One request and its connection. The fields that are not final belong to the watching thread.
   */
  static final class Watched {
    private final Exchange exchange;
    private final @Nullable String localAddress;
    private final int localPort;
    private final @Nullable String remoteAddress;
    private final int remotePort;

    /** Made at the first look, because most requests have ended before. */
    private @Nullable Connection connection;

    /** The index of this request in {@code watched}. Set before the request is there. */
    private int place;

    private long due;
    private volatile boolean seen;
    private int misses;

    /**
     * Takes what is needed of the request now, because containers use the object for the next
     * request.
     */
    private Watched(Exchange exchange, HttpServletRequest request, long now) {
      this.exchange = exchange;
      this.localAddress = request.getLocalAddr();
      this.localPort = request.getLocalPort();
      this.remoteAddress = request.getRemoteAddr();
      this.remotePort = request.getRemotePort();
      this.due = now + FIRST;
    }

    private Watched(Exchange exchange, Connection connection, long now) {
      this.exchange = exchange;
      this.localAddress = null;
      this.localPort = 0;
      this.remoteAddress = null;
      this.remotePort = 0;
      this.connection = connection;
      this.due = now + FIRST;
    }

    private boolean mayHaveConnection() {
      return Connection.mayBeLiteral(localAddress) && Connection.mayBeLiteral(remoteAddress);
    }

    private Connection connection() {
      if (connection == null) {
        Connection named = Connection.of(localAddress, localPort, remoteAddress, remotePort);
        connection = named == null ? Connection.NONE : named;
      }
      return connection;
    }
  }

  /** Watches a request until {@link #end}; null when it is not watched. */
  @Nullable Watched begin(Exchange exchange, HttpServletRequest request) {
    if (!readable || closed || request.getProtocol().startsWith("HTTP/3")) {
      return null;
    }
    Watched entry = new Watched(exchange, request, System.nanoTime());
    if (!entry.mayHaveConnection() || !place(entry)) {
      return null;
    }
    if (asleep && !wake()) {
      end(entry);
      return null;
    }
    return entry;
  }

  /**
   * Puts the entry into the first free place. The search starts at a place where probably no other
   * thread starts.
   */
  private boolean place(Watched entry) {
    long spread = Thread.currentThread().getId() * SPREAD;
    int first = (int) ((spread >>> Integer.SIZE) % MOST);
    for (int i = 0; i < MOST; i++) {
      int place = (first + i) % MOST;
      entry.place = place;
      if (watched.getPlain(place) == null && watched.compareAndSet(place, null, entry)) {
        return true;
      }
    }
    return false;
  }

  /** Wakes the thread, or starts it if there is none. */
  private boolean wake() {
    lock.lock();
    try {
      if (closed || thread == null && !startThread()) {
        return false;
      }
      asleep = false;
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** For tests, which do not need the thread. */
  Watched add(Exchange exchange, Connection connection, long now) {
    Watched entry = new Watched(exchange, connection, now);
    place(entry);
    return entry;
  }

  /**
   * Starts the thread. It must not keep the class loader of the thread that happens to serve the
   * first request. If the JVM can start no more threads, requests are still answered, without a
   * watch.
   */
  private boolean startThread() {
    Thread created = new Thread(null, this::run, "postern-client-watch", 0, false);
    created.setDaemon(true);
    created.setContextClassLoader(null);
    try {
      created.start();
    } catch (OutOfMemoryError e) {
      return false;
    }
    thread = created;
    return true;
  }

  /** Stops watching a request that has ended. May be called again. */
  void end(@Nullable Watched entry) {
    if (entry != null) {
      watched.compareAndSet(entry.place, entry, null);
    }
  }

  /** How many requests are watched. */
  int size() {
    return entries().size();
  }

  /** Whether the connection of each watched request was in the table at a look. */
  boolean hasSeenAll() {
    return entries().stream().allMatch(entry -> entry.seen);
  }

  /** Stops watching, and waits until the thread has ended, for 2 s at most. */
  void close() {
    Thread ending;
    lock.lock();
    try {
      closed = true;
      ending = thread;
      changed.signal();
    } finally {
      lock.unlock();
    }
    for (Watched entry : entries()) {
      end(entry);
    }
    if (ending != null && !ending.equals(Thread.currentThread())) {
      try {
        ending.join(TimeUnit.SECONDS.toMillis(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void run() {
    try {
      budget.begin();
      while (pause(budget.rest())) {
        look(System.nanoTime());
      }
    } catch (InterruptedException e) {
      // An interrupt means that the thread has to end. The next request starts another one.
    } finally {
      forget(Thread.currentThread());
    }
  }

  private void forget(Thread ended) {
    lock.lock();
    try {
      if (ended.equals(thread)) {
        thread = null;
        asleep = true;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the next look may begin. Returns false if this thread has nothing left to do. */
  private boolean pause(long rest) throws InterruptedException {
    lock.lock();
    try {
      for (long left = Math.max(rest, FIRST); !closed && left > 0; ) {
        left = changed.awaitNanos(left);
      }
      if (!isEmpty()) {
        return !closed;
      }
      asleep = true;
      for (long left = IDLE; !closed && asleep && isEmpty() && left > 0; ) {
        left = changed.awaitNanos(left);
      }
      if (closed || asleep && isEmpty()) {
        thread = null;
        return false;
      }
      asleep = false;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private boolean isEmpty() {
    for (int i = 0; i < MOST; i++) {
      if (watched.get(i) != null) {
        return false;
      }
    }
    return true;
  }

  /**
   * Looks for the connections of all requests, if one of them is due. Runs on the watching thread
   * without the lock, because a hook of a cancelled request may take time.
   *
   * @return whether it looked
   */
  boolean look(long now) {
    List<Watched> entries = entries();
    boolean due = false;
    for (Watched entry : entries) {
      due |= now - entry.due >= 0;
    }
    if (!due) {
      return false;
    }
    Connection[] wanted = new Connection[entries.size()];
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = entries.get(i).connection();
    }
    BitSet present;
    try {
      present = table.present(wanted);
    } catch (IOException e) {
      // Without a table, nothing is known about any connection.
      return true;
    }
    for (int i = 0; i < wanted.length; i++) {
      judge(entries.get(i), present.get(i), now);
    }
    return true;
  }

  private List<Watched> entries() {
    List<Watched> entries = new ArrayList<>();
    for (int i = 0; i < MOST; i++) {
      Watched entry = watched.get(i);
      if (entry != null) {
        entries.add(entry);
      }
    }
    return entries;
  }

  /**
   * Notes what a look has found. If the look was made for another request, before this one was due,
   * a missing connection does not count.
   */
  private void judge(Watched entry, boolean present, long now) {
    if (present) {
      entry.seen = true;
      entry.misses = 0;
    } else if (now - entry.due >= 0) {
      entry.misses++;
    }
    if (now - entry.due >= 0) {
      entry.due = now + EVERY;
    }
    if (entry.misses == MISSES) {
      end(entry);
      if (entry.seen) {
        entry.exchange.cancel(new ClientGoneException());
      }
    }
  }
}
