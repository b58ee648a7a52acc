package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events (WHATWG HTML, 9.2) for one client. Any thread sends events; the request's
 * thread writes them. If no event comes for a while, the request's thread writes a comment. The
 * comment keeps proxies from closing the connection, and shows whether the client is gone.
 *
 * <pre>{@code
 * EventStream stream = EventStream.of(environ, Duration.ofSeconds(15));
 * Runnable remove = chat.listen(stream::send);
 * stream.onClose(remove);
 * return stream.response();
 * }</pre>
 *
 * <p>The request keeps its thread until the stream is closed. Do not use it in a CGI executable
 * behind a server that buffers.
 *
 * <p>Thread-safe.
 */
public final class EventStream {
  /** How many events may wait for a client that reads slowly. */
  private static final int MAX_WAITING = 1000;

  private final long heartbeatNanos;
  private final ArrayDeque<String> waiting = new ArrayDeque<>();
  private final List<Runnable> closeHooks = new ArrayList<>();
  private final String lastEventId;
  private boolean ended;
  private boolean gone;

  private EventStream(Environ environ, Duration heartbeat) {
    if (heartbeat.isNegative() || heartbeat.isZero()) {
      throw new IllegalArgumentException("heartbeat must be longer than nothing: " + heartbeat);
    }
    heartbeatNanos = heartbeat.toNanos();
    String id = environ.header("Last-Event-ID");
    lastEventId = id == null ? "" : id;
    environ.onCancel(this::leave);
    environ.onFinish(outcome -> leave());
  }

  /**
   * A stream for the client of this request.
   *
   * @param heartbeat how long the connection may be silent
   * @throws IllegalArgumentException when this time is not above 0
   */
  public static EventStream of(Environ environ, Duration heartbeat) {
    return new EventStream(environ, requireNonNull(heartbeat, "heartbeat"));
  }

  /**
   * One event.
   *
   * @param id the id that a client sends as {@code Last-Event-ID} when it comes back; or null
   * @param name the type of the event; null is {@code message}
   * @param data text, maybe of several lines
   * @param retry the time after which a client comes back; or null
   */
  public record Event(
      @Nullable String id, @Nullable String name, String data, @Nullable Duration retry) {
    /**
     * An event.
     *
     * @throws IllegalArgumentException when the id or the name has a line's end or a NUL
     */
    public Event {
      requireNonNull(data, "data");
      checkLine(id);
      checkLine(name);
    }

    private static void checkLine(@Nullable String text) {
      if (text != null
          && (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0 || text.indexOf('\0') >= 0)) {
        throw new IllegalArgumentException("id and name of an event must be one line");
      }
    }

    /** An event with data alone. */
    public static Event of(String data) {
      return new Event(null, null, data, null);
    }

    private String text() {
      StringBuilder text = new StringBuilder(data.length() + 32);
      line(text, "event", name);
      line(text, "id", id);
      line(text, "retry", retry == null ? null : Long.toString(retry.toMillis()));
      int start = 0;
      for (int i = 0; i <= data.length(); i++) {
        char c = i == data.length() ? '\n' : data.charAt(i);
        if (c == '\n' || c == '\r') {
          line(text, "data", data.substring(start, i));
          if (c == '\r' && i + 1 < data.length() && data.charAt(i + 1) == '\n') {
            i++;
          }
          start = i + 1;
        }
      }
      return text.append('\n').toString();
    }

    private static void line(StringBuilder text, String field, @Nullable String value) {
      if (value != null) {
        text.append(field).append(": ").append(value).append('\n');
      }
    }
  }

  /**
   * The id of the event that the client has seen last, bytes as chars; "" when it has seen none.
   */
  public String lastEventId() {
    return lastEventId;
  }

  /** Sends data as an event. See {@link #send(Event)}. */
  public boolean send(String data) {
    return send(Event.of(data));
  }

  /**
   * Sends an event. The request's thread writes it. Any thread may call this method, which does not
   * wait.
   *
   * @return false when the client is gone, the stream is closed, or 1,000 events wait already. In
   *     the last case the stream ends, and the client comes back with its last id
   */
  public boolean send(Event event) {
    synchronized (this) {
      if (ended) {
        return false;
      }
      if (waiting.size() < MAX_WAITING) {
        waiting.add(event.text());
        notifyAll();
        return true;
      }
    }
    leave();
    return false;
  }

  /** Ends the stream after the events that wait. The client comes back unless it is told not to. */
  public synchronized void close() {
    ended = true;
    notifyAll();
  }

  /** Whether events can be sent. */
  public synchronized boolean isOpen() {
    return !ended;
  }

  /**
   * Runs {@code hook} once when the client is gone or the request is over; at once if that is so
   * already. The hook runs on the thread that finds out.
   */
  public void onClose(Runnable hook) {
    synchronized (this) {
      if (!gone) {
        closeHooks.add(requireNonNull(hook, "hook"));
        return;
      }
    }
    hook.run();
  }

  /** The response, which caches must not keep. Call this once. */
  public Response response() {
    return Response.of(
        200,
        Headers.of(
            "Content-Type",
            "text/event-stream",
            "Cache-Control",
            "no-cache",
            // nginx holds a response back unless this field tells it not to.
            "X-Accel-Buffering",
            "no"),
        Body.writing(this::write));
  }

  private void write(OutputStream out) throws IOException, InterruptedException {
    // The head goes out now, because the browser's state is "connecting" until it comes.
    out.write(":\n\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
    for (String text = next(); text != null; text = next()) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    }
  }

  /** The next event, a comment when none came in time, or null at the end. */
  private synchronized @Nullable String next() throws InterruptedException {
    long deadline = System.nanoTime() + heartbeatNanos;
    while (waiting.isEmpty() && !ended) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return ":\n\n";
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    return gone ? null : waiting.poll();
  }

  private void leave() {
    List<Runnable> hooks;
    synchronized (this) {
      if (gone) {
        return;
      }
      gone = true;
      ended = true;
      waiting.clear();
      hooks = new ArrayList<>(closeHooks);
      notifyAll();
    }
    for (Runnable hook : hooks) {
      hook.run();
    }
  }
}
