package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.ResponseSink;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request to a {@link WarmServer}, run by one of its threads.
 *
 * <pre>
 * stub:   length(4) *( name "=" value NUL )
 * server: "r"                             it takes the request; where this fails, nothing runs
 * stub:   body                            CONTENT_LENGTH bytes, or fewer and a half-close
 * server: *( kind(1) length(4) bytes )    "o" output, "e" errors, "x" exit status, which is last
 * </pre>
 *
 * <p>The stub never sends more than the body, so that an end of the stream after it means that the
 * stub, and so the web server's interest, is gone.
 */
final class WarmConnection {
  private static final int HEAD_LIMIT = 4 * 1024 * 1024;

  private final SocketChannel channel;
  private final Application application;
  private final Body body = new Body();
  private @Nullable Exchange exchange;
  private @Nullable Thread request;
  private boolean watched;

  /** Bytes of the body that are still to be read from the channel; -1 before it is known. */
  private volatile long bodyLeft = -1;

  WarmConnection(SocketChannel channel, Application application) {
    this.channel = channel;
    this.application = application;
  }

  void run() {
    try (channel) {
      byte[] head = readHead();
      if (head != null) {
        write(ByteBuffer.wrap(new byte[] {'r'}));
        answer(ProcessVariables.parse(head));
      }
    } catch (IOException e) {
      // The stub is gone, or has given up waiting.
    }
  }

  private void answer(Map<String, String> variables) throws IOException {
    ProcessVariables.complete(variables);
    PrintWriter errors =
        new PrintWriter(new OutputStreamWriter(new Frames('e'), StandardCharsets.UTF_8), true);
    BodyAhead ahead = CgiGateway.body(variables, body);
    bodyLeft = Math.max(0, ProcessVariables.contentLength(variables));
    Environ environ = CgiGateway.environ(variables, ahead, errors, false);
    Output output = new Output();
    Exchange running = Exchange.of(environ, new EndingSink(new CgiSink(output, ahead), output));
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
    boolean good = outcome.complete() && outcome.failure() == null;
    output.exit(good ? 0 : 1);
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
   * Called now and then by the server's main thread: a request that has run for a while and whose
   * body is read gets a thread that waits for the stub's end.
   */
  void watch() {
    if (!watched && bodyLeft == 0) {
      watched = true;
      Thread watcher = new Thread(this::awaitEnd, "postern-watch");
      watcher.setDaemon(true);
      watcher.start();
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

  /** Null when the stub has gone away before it had sent everything: nothing has run. */
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

  private void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** The request's body, as it comes; the engine reads no more of it than CONTENT_LENGTH. */
  private final class Body extends InputStream {
    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread reads; others only look at it.
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = channel.read(ByteBuffer.wrap(bytes, offset, length));
      if (n > 0) {
        bodyLeft -= n;
      }
      return n;
    }
  }

  private static ByteBuffer frame(char kind, byte[] bytes, int offset, int length) {
    return ByteBuffer.allocate(5 + length)
        .put((byte) kind)
        .putInt(length)
        .put(bytes, offset, length)
        .flip();
  }

  /** Whole frames, from whatever thread. */
  private void send(ByteBuffer frames) throws IOException {
    synchronized (channel) {
      write(frames);
    }
  }

  /** A stream of the program's, as frames. */
  private class Frames extends OutputStream {
    private static final int LARGEST = 32 * 1024;

    private final char kind;

    Frames(char kind) {
      this.kind = kind;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      int n;
      for (int done = 0; done < length; done += n) {
        n = Math.min(length - done, LARGEST);
        send(frame(kind, bytes, offset + done, n));
      }
    }
  }

  /**
   * The program's output. A short end of it goes out together with the exit status: to wake the
   * stub takes longer than all of this.
   */
  private final class Output extends Frames {
    private static final int SHORT = 4096;

    private ByteBuffer held = ByteBuffer.allocate(0);
    private boolean finished;

    Output() {
      super('o');
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      release();
      if (length > SHORT) {
        super.write(bytes, offset, length);
      } else {
        held = frame('o', bytes, offset, length);
      }
    }

    @Override
    public void flush() throws IOException {
      if (!finished) {
        release();
      }
    }

    /** Nothing follows but the exit status. */
    void finish() {
      finished = true;
    }

    void exit(int status) throws IOException {
      ByteBuffer end = frame('x', new byte[] {(byte) status}, 0, 1);
      send(ByteBuffer.allocate(held.remaining() + end.remaining()).put(held).put(end).flip());
    }

    private void release() throws IOException {
      if (held.hasRemaining()) {
        send(held);
      }
    }
  }

  /** Tells the output when the response has come to its end. */
  private record EndingSink(CgiSink sink, Output output) implements ResponseSink {
    @Override
    public void head(int status, Headers headers) {
      sink.head(status, headers);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      sink.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      sink.flush();
    }

    @Override
    public void finish() throws IOException {
      output.finish();
      sink.finish();
    }

    @Override
    public void abort(Throwable cause) {
      sink.abort(cause);
    }
  }
}
