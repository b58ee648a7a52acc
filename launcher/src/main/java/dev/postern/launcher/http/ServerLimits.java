package dev.postern.launcher.http;

import java.time.Duration;

/**
 * What one client, and all clients together, may take of the server. The numbers of connections and
 * of long heads follow the size of the heap, so that heads of requests never fill a small heap.
 *
 * @param idle a client that takes and sends nothing for so long is gone
 * @param head the time for a whole head, from its first byte on
 * @param rest how long the server reads the rest of a request's body after the response
 * @param bodyRate bytes a second that a body must bring on average, after a grace
 * @param connections at once; more of them wait in the backlog of the socket
 * @param longHeads places for heads above {@link #LONG_HEAD} bytes. A connection of HTTP/1 takes
 *     one with its first such head, and keeps it. {@link Http2Heads} tells what HTTP/2 takes
 * @param threads for all requests
 * @param bodies requests with a body at once that have a thread; more of them wait without one
 */
public record ServerLimits(
    Duration idle,
    Duration head,
    Duration rest,
    int bodyRate,
    int connections,
    int longHeads,
    int threads,
    int bodies) {
  /**
   * The most bytes of a head: request line and header fields. The environment of a CGI program can
   * hold far more than Jetty's 8 KiB, so this limit is higher.
   */
  public static final int HEAD = 128 * 1024;

  /** The most header fields of a request. */
  public static final int FIELDS = 256;

  /** In HTTP/1, a head above so many bytes takes one of the places for long heads. */
  public static final int LONG_HEAD = 16 * 1024;

  /**
   * Heap for each connection: three times a head of {@value #LONG_HEAD} bytes with its strings, and
   * what Jetty keeps beside it. In fact connections take at most a quarter of the heap.
   */
  private static final int CONNECTION_SHARE = 256 * 1024;

  /** Heap for each long head. The longest head takes a third of this in all. */
  private static final int LONG_HEAD_SHARE = 1536 * 1024;

  /** Returns the limits of a server in a JVM with so many bytes of heap. */
  public static ServerLimits ofHeap(long bytes) {
    int connections = (int) Math.max(64, Math.min(16_384, bytes / CONNECTION_SHARE));
    int threads = Math.min(400, Math.max(200, connections));
    return new ServerLimits(
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        Duration.ofMillis(100),
        500,
        connections,
        (int) Math.max(16, Math.min(4096, bytes / LONG_HEAD_SHARE)),
        threads,
        threads / 2);
  }

  /** Returns the limits for the heap of this JVM. */
  public static ServerLimits standard() {
    return ofHeap(Runtime.getRuntime().maxMemory());
  }

  /** Returns how many places for long heads one connection of HTTP/2 may take. */
  int longHeadsOfOne() {
    return Math.max(2, longHeads / 8);
  }

  public ServerLimits withIdle(Duration newIdle) {
    return new ServerLimits(newIdle, head, rest, bodyRate, connections, longHeads, threads, bodies);
  }

  public ServerLimits withHead(Duration newHead) {
    return new ServerLimits(idle, newHead, rest, bodyRate, connections, longHeads, threads, bodies);
  }

  public ServerLimits withConnections(int newConnections, int newLongHeads) {
    return new ServerLimits(
        idle, head, rest, bodyRate, newConnections, newLongHeads, threads, bodies);
  }

  public ServerLimits withThreads(int newThreads, int newBodies) {
    return new ServerLimits(
        idle, head, rest, bodyRate, connections, longHeads, newThreads, newBodies);
  }
}
