package dev.postern.launcher.http;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * Counts the memory that the heads of one HTTP/2 connection hold. {@link #FREE} bytes are free. For
 * each further {@link ServerLimits#HEAD} bytes, the connection takes one of the places for long
 * heads, up to a part of them, so that it leaves some to others. Thread-safe.
 */
final class Http2Heads {
  /**
   * Enough for eight usual requests at once, of 4 KiB each. With its strings, this takes less than
   * half of a connection's share of the heap.
   */
  static final int FREE = 2 * ServerLimits.LONG_HEAD;

  /** What a request costs besides its fields: a stream, and Jetty's objects for the request. */
  private static final int REQUEST = 2048;

  /** The overhead of a field, as HTTP/2 counts it (RFC 9113 6.5.2). */
  private static final int FIELD = 32;

  private final Semaphore places;
  private final int most;
  private final Duration time;
  private final Map<Integer, Head> heads = new HashMap<>();
  private long bytes;
  private int taken;
  private boolean ended;

  /** The stream whose head is on its way in several frames; 0 if there is none. */
  private int arriving;

  private long begun;

  /** Bytes of {@link #bytes} for the head that comes in several frames. */
  private long reserved;

  /**
   * Counts for a new connection.
   *
   * @param places for long heads in all connections
   * @param most places that this connection may take
   * @param time for a head that comes in several frames
   */
  Http2Heads(Semaphore places, int most, Duration time) {
    this.places = places;
    this.most = most;
    this.time = time;
  }

  /** Returns what a head with fields of so many chars costs. */
  static long cost(int fields, long chars) {
    return REQUEST + (long) fields * FIELD + chars;
  }

  /**
   * Tells that more of a head came. Jetty collects it until it is whole, so this takes memory for
   * the longest head. Returns false if there is no place for it, or if it does not come in time.
   */
  synchronized boolean arrives(int stream) {
    if (stream != arriving) {
      arrived();
      if (!add(ServerLimits.HEAD)) {
        return false;
      }
      arriving = stream;
      begun = System.nanoTime();
      reserved = ServerLimits.HEAD;
    }
    return System.nanoTime() - begun <= time.toNanos();
  }

  /** Tells that a head is whole. */
  synchronized void arrived() {
    arriving = 0;
    remove(reserved);
    reserved = 0;
  }

  /** Returns false if there is no place for the head of a new request. */
  synchronized boolean take(int stream, long cost) {
    if (!add(cost)) {
      return false;
    }
    heads.put(stream, new Head(cost));
    return true;
  }

  /**
   * Tells that a request begins to run, and so holds its head even after its stream has ended.
   * Returns false if the stream has ended already.
   */
  synchronized boolean run(int stream) {
    Head head = heads.get(stream);
    if (head == null) {
      return false;
    }
    head.runs = true;
    return true;
  }

  synchronized void ran(int stream) {
    Head head = heads.get(stream);
    if (head != null) {
      head.runs = false;
      drop(stream, head);
    }
  }

  synchronized void closed(int stream) {
    Head head = heads.get(stream);
    if (head != null) {
      head.open = false;
      drop(stream, head);
    }
  }

  /** Tells that the connection has ended. Only requests that still run keep their heads. */
  synchronized void end() {
    ended = true;
    arrived();
    List.copyOf(heads.keySet()).forEach(this::closed);
  }

  private void drop(int stream, Head head) {
    if (!head.open && !head.runs) {
      heads.remove(stream);
      remove(head.cost);
    }
  }

  private boolean add(long more) {
    int needed = needed(bytes + more);
    if (ended || needed > most || needed > taken && !places.tryAcquire(needed - taken)) {
      return false;
    }
    bytes += more;
    taken = needed;
    return true;
  }

  private void remove(long less) {
    bytes -= less;
    int needed = needed(bytes);
    places.release(taken - needed);
    taken = needed;
  }

  private static int needed(long bytes) {
    long above = Math.max(0, bytes - FREE);
    return (int) ((above + ServerLimits.HEAD - 1) / ServerLimits.HEAD);
  }

  private static final class Head {
    private final long cost;
    private boolean open = true;
    private boolean runs;

    Head(long cost) {
      this.cost = cost;
    }
  }
}
