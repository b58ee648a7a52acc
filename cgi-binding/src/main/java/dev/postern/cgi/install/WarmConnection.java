package dev.postern.cgi.install;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Outcome;
import dev.postern.gateway.BlockInput;
import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import dev.postern.gateway.ProcessVariables;
import dev.postern.process.Pumps;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request to a {@link WarmServer}. One of the server's threads runs it.
 *
 * <pre>
 * stub:   length(4) *( name "=" value NUL )
 * server: "r"                             it takes the request; where this fails, nothing runs
 * stub:   body                            CONTENT_LENGTH bytes, or fewer and a half-close
 * server: *( kind(1) length(4) bytes )    "o" output, "e" errors, "x" exit status, which is last
 * </pre>
 *
 * <p>The stub never sends more than the body. So an end of the stream after the body means that the
 * stub has gone, and that the web server no longer wants the response.
 */
final class WarmConnection {
  private static final int HEAD_LIMIT = 4 * 1024 * 1024;

  private final SocketChannel channel;
  private final WarmFrames frames;
  private final WarmFrames.Output output;
  private final Application application;
  private @Nullable Exchange exchange;
  private @Nullable Thread request;
  private boolean watched;
  private boolean released;

  /** Bytes of the body that are still to be read from the channel; -1 before that is known. */
  private volatile long bodyLeft = -1;

  WarmConnection(SocketChannel channel, Application application) {
    this.channel = channel;
    this.frames = new WarmFrames(channel);
    this.output = frames.output();
    this.application = application;
  }

  void run() {
    try (channel) {
      byte[] head = readHead();
      if (head != null) {
        frames.take();
        answer(ProcessVariables.parse(head));
      }
    } catch (IOException e) {
      // The stub is gone, or has given up waiting.
    }
  }

  private void answer(Map<String, String> variables) throws IOException {
    ProcessVariables.complete(variables);
    PrintWriter errors =
        new PrintWriter(new OutputStreamWriter(frames.errors(), StandardCharsets.UTF_8), true);
    BodyAhead ahead = ProcessVariables.body(variables, new BlockInput(this::readBody, Pumps::run));
    bodyLeft = Math.max(0, ProcessVariables.contentLength(variables));
    Environ environ = ProcessVariables.environ(variables, ahead, null, errors, false);
    CgiSink sink = output.sink(ahead, ProcessVariables.isErrorPage(variables));
    Exchange running = Exchange.of(environ, sink);
    synchronized (this) {
      exchange = running;
      request = Thread.currentThread();
    }
    Outcome outcome;
    try (ahead) {
      outcome = running.run(application);
    } finally {
      synchronized (this) {
        request = null;
      }
      Thread.interrupted();
    }
    errors.flush();
    output.exit(sink.exitStatus(outcome));
  }

  /** Ends the request early. Any thread. */
  void cancel(Throwable cause) {
    Exchange running;
    synchronized (this) {
      running = exchange;
    }
    if (running != null && running.cancel(cause)) {
      synchronized (this) {
        if (request != null) {
          request.interrupt();
        }
      }
    }
  }

  /**
   * Starts a thread that waits for the stub's end, once for a request whose body has been read; and
   * one that sends the end of a whole response whose request goes on. The server calls this from
   * time to time, so that only requests that take a while get such threads.
   */
  synchronized void watch() {
    if (!watched && bodyLeft == 0) {
      start("postern-watch", this::awaitEnd);
      watched = true;
    }
    if (!released && output.isWhole()) {
      // A stub that takes nothing would stop the server's main thread.
      start("postern-release", this::release);
      released = true;
    }
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void release() {
    try {
      output.release();
    } catch (IOException e) {
      // The stub is gone.
    }
  }

  private void awaitEnd() {
    try {
      if (channel.read(ByteBuffer.allocate(1)) < 0) {
        cancel(new IOException("client is gone"));
      }
    } catch (IOException e) {
      // The request has ended, and closed the channel.
    }
  }

  /**
   * The variables. Null when the stub went away before it had sent all of them, or sent a wrong
   * length. Nothing has run then.
   */
  private byte @Nullable [] readHead() throws IOException {
    ByteBuffer size = ByteBuffer.allocate(4);
    if (!fill(size)) {
      return null;
    }
    int length = size.flip().getInt();
    if (length < 0 || length > HEAD_LIMIT) {
      return null;
    }
    ByteBuffer head = ByteBuffer.allocate(length);
    return fill(head) ? head.array() : null;
  }

  private boolean fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Reads a block of the body as it arrives. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // Only one thread at a time reads.
  private int readBody(byte[] bytes) throws IOException {
    int n = channel.read(ByteBuffer.wrap(bytes));
    if (n > 0) {
      bodyLeft -= n;
    }
    return n;
  }
}
