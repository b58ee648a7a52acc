package dev.postern.cgi.install;

import dev.postern.gateway.BodyAhead;
import dev.postern.gateway.CgiSink;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link WarmServer} sends to a stub: one byte when it takes the request, and then frames of
 * {@code kind(1) length(4) bytes}. Thread-safe: each frame is sent whole.
 */
final class WarmFrames {
  private static final int LARGEST = 32 * 1024;

  private final SocketChannel channel;

  WarmFrames(SocketChannel channel) {
    this.channel = channel;
  }

  /** Takes the request; throws when the stub is gone, or has given up waiting. */
  void take() throws IOException {
    send(ByteBuffer.wrap(new byte[] {'r'}));
  }

  /** The program's standard error. */
  OutputStream errors() {
    return new Stream('e');
  }

  /** The program's output, and its end. */
  Output output() {
    return new Output();
  }

  private static ByteBuffer frame(char kind, byte[] bytes, int offset, int length) {
    return ByteBuffer.allocate(5 + length)
        .put((byte) kind)
        .putInt(length)
        .put(bytes, offset, length)
        .flip();
  }

  private void send(ByteBuffer frames) throws IOException {
    synchronized (channel) {
      // With the interrupt flag set, the channel would close before it writes.
      boolean interrupted = Thread.interrupted();
      try {
        while (frames.hasRemaining()) {
          channel.write(frames);
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /** Sends all bytes to the stub in frames of one kind. Confined to the request's thread. */
  class Stream extends OutputStream {
    private final char kind;

    Stream(char kind) {
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
   * The program's output. It keeps a short last block back and sends it together with the exit
   * status, because waking the stub once more takes longer than all of this. Confined to the
   * request's thread, except for {@link #isWhole} and {@link #release}.
   */
  final class Output extends Stream {
    private static final int SHORT = 4096;

    private ByteBuffer held = ByteBuffer.allocate(0);

    /** Whether only the exit status follows. */
    private boolean finished;

    private volatile boolean whole;

    private Output() {
      super('o');
    }

    /** Where the engine sends the response. */
    CgiSink sink(@Nullable BodyAhead body, boolean errorPage) {
      return new CgiSink(this, body, errorPage) {
        @Override
        public void finish() throws IOException {
          finished = true;
          super.finish();
          whole = true;
        }
      };
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

    /**
     * Whether the response is whole. The close of its body and the hooks of its application may
     * still take long. Any thread.
     */
    boolean isWhole() {
      return whole;
    }

    /** Sends the exit status, which is the last frame. */
    synchronized void exit(int status) throws IOException {
      ByteBuffer end = frame('x', new byte[] {(byte) status}, 0, 1);
      send(ByteBuffer.allocate(held.remaining() + end.remaining()).put(held).put(end).flip());
    }

    /** Sends what was kept back. The request's thread, or any thread once this is whole. */
    synchronized void release() throws IOException {
      if (held.hasRemaining()) {
        send(held);
      }
    }
  }
}
