package dev.postern.fastcgi.client;

import dev.postern.GatewayException;
import dev.postern.process.ErrorTail;
import dev.postern.process.Exit;
import dev.postern.process.RunningProgram;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request at a server. The request's thread reads the response. It also writes the head, with
 * the body if that is in memory. Another thread writes a longer body.
 *
 * <p>A server closes a kept connection when it likes, even while a request is on its way. A request
 * is sent again, on a new connection, only if the server sent nothing back or refused the request,
 * the whole request is still in memory, and its method is safe (RFC 9110 9.2.1).
 */
final class ServerRun implements RunningProgram {
  private static final int BLOCK = 32 * 1024;
  private static final int ERRORS_KEPT = 64 * 1024;

  /**
   * The longest wait in one piece. If a wake-up is lost, the wait ends at the latest after this
   * time.
   */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  private final Upstreams upstreams;
  private final Dialect dialect;
  private final Map<String, String> variables;
  private final byte[] wholeBody;
  private final @Nullable BodyPump pump;
  private final boolean repeatable;
  private final ErrorTail errors = new ErrorTail(ERRORS_KEPT);
  private final Set<Upstream> failed = new HashSet<>();

  private volatile ServerConnection connection;
  private Dialect.Decoder decoder;
  private @Nullable ByteBuffer head;
  private byte[] block = new byte[BLOCK];
  private int length;
  private boolean answered;
  private boolean inputBroken;
  private boolean pumping;
  private boolean ended;
  private boolean over;
  private boolean cutOff;

  /** Whether the connection was let go. */
  private boolean gone;

  private volatile boolean woken;
  private volatile boolean detached;

  /** Takes a connection, and sends as much as it has room for. */
  ServerRun(
      Upstreams upstreams,
      Dialect dialect,
      Map<String, String> variables,
      @Nullable InputStream body)
      throws IOException {
    this.upstreams = upstreams;
    this.dialect = dialect;
    this.variables = variables;
    boolean whole = body == null || body instanceof ByteArrayInputStream;
    this.wholeBody = whole && body != null ? body.readAllBytes() : new byte[0];
    this.pump = whole || body == null ? null : new BodyPump(body, dialect);
    this.repeatable = whole && SAFE.contains(variables.getOrDefault("REQUEST_METHOD", ""));
    this.decoder = dialect.decoder(errors);
    this.connection = upstreams.take(false, failed);
    begin();
  }

  private void begin() {
    try {
      byte[] start = dialect.head(variables, connection.upstream().keepsConnections());
      ByteBuffer all = ByteBuffer.allocate(start.length + wholeBody.length + bodyHeaders());
      all.put(start);
      if (pump == null) {
        int part = 0xFFFF & -8;
        for (int at = 0; at < wholeBody.length; at += part) {
          int n = Math.min(part, wholeBody.length - at);
          dialect.writePartHeader(all, n);
          all.put(wholeBody, at, n);
        }
        dialect.writePartHeader(all, 0);
      }
      head = all.flip();
      write();
    } catch (RuntimeException | Error e) {
      letGo(false);
      throw e;
    }
  }

  private int bodyHeaders() {
    return (wholeBody.length / 0xFFF8 + 2) * dialect.partHeader();
  }

  /**
   * Writes as much as the connection has room for. If that fails, the server may have answered
   * without reading everything, so the response is still read.
   */
  private void write() {
    ByteBuffer left = head;
    if (left != null) {
      try {
        connection.write(left);
      } catch (IOException e) {
        inputBroken = true;
        head = null;
        return;
      }
      if (left.hasRemaining()) {
        return;
      }
      head = null;
    }
    if (pump != null && !pumping && !inputBroken && !detached) {
      pumping = true;
      pump.start(connection);
    }
  }

  @Override
  public List<String> command() {
    return List.of();
  }

  // ---- output ----

  @Override
  public Read read(Duration timeout) throws IOException {
    length = 0;
    long start = System.nanoTime();
    long limit = TimeUnit.NANOSECONDS.convert(timeout);
    while (!ended) {
      if (pump != null && pump.failure() != null && !detached) {
        throw pump.failure();
      }
      if (woken) {
        return Read.WOKEN;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while waiting for a server");
      }
      write();
      int n = receive();
      if (length > 0) {
        return Read.BLOCK;
      }
      long left = limit - (System.nanoTime() - start);
      if (left <= 0 && !ended) {
        return Read.TIMEOUT;
      }
      if (n == 0 && !ended) {
        connection.await(head != null, Math.min(left, LOOK_NANOS));
      }
    }
    return Read.END;
  }

  /** Reads the bytes that have come, and decodes them. */
  private int receive() throws IOException {
    int n;
    try {
      n = connection.read(ByteBuffer.wrap(block));
    } catch (IOException e) {
      lost(false);
      return -1;
    }
    if (n < 0) {
      lost(true);
    } else if (n > 0) {
      answered = true;
      length = decoder.decode(block, n);
      if (decoder.isEnded()) {
        ended();
      }
    }
    return n;
  }

  private void ended() throws IOException {
    if (decoder.isRefused() && upstreams.size() > failed.size() + 1 && again()) {
      return;
    }
    ended = true;
  }

  private void lost(boolean cleanly) throws IOException {
    if (!answered && again()) {
      return;
    }
    decoder.closed(cleanly);
    ended = true;
  }

  /** Sends the request once more, if it is safe to do so. Returns whether it was sent. */
  private boolean again() throws IOException {
    boolean elsewhere = upstreams.size() > failed.size() + 1;
    if (!repeatable || over || detached || !(connection.isUsed() || elsewhere)) {
      return false;
    }
    boolean stale = connection.isUsed();
    if (!stale) {
      failed.add(connection.upstream());
    }
    letGo(false);
    decoder = dialect.decoder(errors);
    connection = upstreams.take(true, failed);
    gone = false;
    answered = false;
    inputBroken = false;
    begin();
    return true;
  }

  @Override
  public byte[] bytes() {
    return block;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public boolean keepBlock() {
    block = new byte[BLOCK];
    length = 0;
    return true;
  }

  /** True after the end, because {@link #read} then returns at once. */
  @Override
  public boolean hasMore() {
    return ended;
  }

  @Override
  public void wake() {
    if (!detached) {
      woken = true;
      connection.wake();
    }
  }

  @Override
  public ErrorTail errors() {
    return errors;
  }

  // ---- input ----

  @Override
  public boolean awaitsClient() {
    return pumping && pump != null && pump.awaitsClient();
  }

  // ---- the end ----

  @Override
  public Exit exit() {
    return decoder.exit();
  }

  @Override
  public String exitNow() {
    if (!ended && cutOff) {
      return "connection closed";
    }
    GatewayException cut = ended ? decoder.cut() : null;
    return cut == null ? decoder.exit().toString() : "connection lost";
  }

  @Override
  public boolean wasStillWriting() {
    return false;
  }

  @Override
  public @Nullable GatewayException cut() {
    return decoder.cut();
  }

  @Override
  public void detach() {
    detached = true;
    woken = false;
    if (pump != null) {
      pump.stop();
    }
  }

  @Override
  public boolean finish(Duration time) throws IOException {
    long start = System.nanoTime();
    long left = TimeUnit.NANOSECONDS.convert(time);
    while (left > 0) {
      Read read = read(Duration.ofNanos(left));
      if (read == Read.END) {
        return true;
      }
      if (read == Read.WOKEN) {
        return false;
      }
      left = TimeUnit.NANOSECONDS.convert(time) - (System.nanoTime() - start);
    }
    return false;
  }

  /**
   * Keeps the connection for another request if request and response are complete; otherwise closes
   * it.
   */
  @Override
  public void end() {
    if (over) {
      return;
    }
    over = true;
    boolean sent = ended && head == null && !inputBroken && (pump == null || pump.isDone());
    cutOff = !ended;
    letGo(sent && decoder.isReusable());
  }

  /** Lets go of the connection, once: a second attempt may fail before it has one of its own. */
  private void letGo(boolean reusable) {
    if (gone) {
      return;
    }
    gone = true;
    Upstream upstream = connection.upstream();
    try {
      if (reusable && upstream.keepsConnections()) {
        upstream.giveBack(connection);
      } else {
        upstream.drop(connection, cutOff);
      }
    } finally {
      upstream.end();
    }
  }

  @Override
  public void close() {
    end();
    if (pump != null) {
      pump.stop();
    }
  }

  /**
   * True if the connection was closed before the response had ended, which tells the server to
   * stop.
   */
  @Override
  public boolean wasTerminated() {
    return cutOff;
  }

  @Override
  public boolean wasKilled() {
    return false;
  }
}
