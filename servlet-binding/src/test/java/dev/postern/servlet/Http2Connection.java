package dev.postern.servlet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http2.hpack.HPackDecoder;

/**
 * A connection of HTTP/2 in the clear, from its first byte (RFC 9113 3.3), with one stream: the
 * bytes that it is given, nothing repaired. A thread reads what comes; what the stream may be sent
 * further is told to the server when somebody takes the bytes.
 */
final class Http2Connection implements AutoCloseable {
  /** Where the names of a request's own fields stand in the static table (RFC 7541 A). */
  private static final Map<String, Integer> STATIC_NAMES =
      Map.of(":authority", 1, ":method", 2, ":path", 4, ":scheme", 6);

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int CONTINUATION = 9;
  private static final int END_STREAM = 1;
  private static final int ACK = 1;
  private static final int END_HEADERS = 4;
  private static final int PADDED = 8;
  private static final int PRIORITY = 0x20;
  private static final int STREAM = 1;
  private static final int FRAME = 16 * 1024;

  /** What the server may send before somebody takes it, by RFC 9113 6.9.2. */
  private static final int WINDOW = 65_535;

  private final Socket socket = new Socket();
  private final OutputStream out;
  private final DataInputStream in;
  private final Thread reader;
  private final HPackDecoder decoder = new HPackDecoder(4096, StandardCharsets.ISO_8859_1);
  private final ByteArrayOutputStream block = new ByteArrayOutputStream();
  private boolean endsWithHead;
  private boolean sentAll;

  /** Bytes that were taken, and that the server was not told of. */
  private int owed;

  /** Guarded by this, with all below. */
  private final List<List<Map.Entry<String, String>>> heads = new ArrayList<>();

  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int taken;
  private long connectionWindow = WINDOW;
  private long streamWindow = WINDOW;
  private long initialWindow = WINDOW;
  private boolean settled;
  private boolean ended;
  private IOException failure;

  Http2Connection(int port) throws IOException {
    socket.setTcpNoDelay(true);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    out = socket.getOutputStream();
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    frame(SETTINGS, 0, 0, new byte[0], 0, 0);
    reader = new Thread(this::readAll, "http2-client");
    reader.setDaemon(true);
    reader.start();
  }

  // ---- sending ----

  /**
   * Sends the head of the request; its fields as they are, none of them compressed. Tomcat 10.1
   * takes the names that begin with a colon from the static table alone.
   */
  void head(List<Map.Entry<String, String>> fields, boolean end) throws IOException {
    sentAll = end;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Map.Entry<String, String> field : fields) {
      int index = STATIC_NAMES.getOrDefault(field.getKey(), 0);
      bytes.write(index);
      if (index == 0) {
        literal(bytes, field.getKey());
      }
      literal(bytes, field.getValue());
    }
    byte[] all = bytes.toByteArray();
    for (int sent = 0, type = HEADERS; type == HEADERS || sent < all.length; type = CONTINUATION) {
      int n = Math.min(FRAME, all.length - sent);
      int flags = sent + n == all.length ? END_HEADERS : 0;
      frame(type, flags | (end && type == HEADERS ? END_STREAM : 0), STREAM, all, sent, n);
      sent += n;
    }
  }

  /** RFC 7541 5.2, without Huffman's code. */
  private static void literal(ByteArrayOutputStream bytes, String text) {
    int left = text.length();
    if (left < 127) {
      bytes.write(left);
    } else {
      bytes.write(127);
      for (left -= 127; left >= 128; left >>= 7) {
        bytes.write(left & 127 | 128);
      }
      bytes.write(left);
    }
    bytes.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Sends bytes of the body as the server makes room for them. */
  void data(byte[] bytes, Duration patience) throws IOException {
    for (int sent = 0; sent < bytes.length; ) {
      int n = window(Math.min(FRAME, bytes.length - sent), patience);
      frame(DATA, 0, STREAM, bytes, sent, n);
      sent += n;
    }
  }

  /** No more of the body follows; nothing where the head has said so. */
  void end() throws IOException {
    if (sentAll) {
      return;
    }
    sentAll = true;
    frame(DATA, END_STREAM, STREAM, new byte[0], 0, 0);
  }

  private synchronized int window(int wanted, Duration patience) throws IOException {
    await(() -> settled && Math.min(connectionWindow, streamWindow) > 0 || ended, patience);
    if (ended) {
      throw new IOException("stream has ended");
    }
    int n = (int) Math.min(wanted, Math.min(connectionWindow, streamWindow));
    connectionWindow -= n;
    streamWindow -= n;
    return n;
  }

  private void frame(int type, int flags, int stream, byte[] bytes, int offset, int length)
      throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(9 + length);
    frame.putInt(length << 8 | type).put((byte) flags).putInt(stream).put(bytes, offset, length);
    synchronized (out) {
      out.write(frame.array());
    }
  }

  private void update(int stream, int bytes) throws IOException {
    frame(WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array(), 0, 4);
  }

  // ---- what has come ----

  /** The next head: interim ones come first. Null when the stream ended before. */
  synchronized List<Map.Entry<String, String>> takeHead(Duration patience) throws IOException {
    await(() -> !heads.isEmpty() || ended, patience);
    return heads.isEmpty() ? null : heads.remove(0);
  }

  /** So many bytes of the body, or fewer at its end. */
  byte[] take(int count, Duration patience) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (bytes.size() < count) {
      byte[] some;
      synchronized (this) {
        await(() -> taken < body.size() || ended, patience);
        byte[] all = body.toByteArray();
        int n = Math.min(count - bytes.size(), all.length - taken);
        some = new byte[n];
        System.arraycopy(all, taken, some, 0, n);
        taken += n;
        if (taken == all.length) {
          body.reset();
          taken = 0;
        }
      }
      if (some.length == 0) {
        break;
      }
      bytes.writeBytes(some);
      makeRoom(some.length);
    }
    return bytes.toByteArray();
  }

  /** Not for a few bytes: Tomcat takes many small updates for an attack, and closes. */
  private void makeRoom(int bytes) throws IOException {
    owed += bytes;
    if (owed >= WINDOW / 4 && !isEnded()) {
      update(0, owed);
      update(STREAM, owed);
      owed = 0;
    }
  }

  synchronized boolean isEnded() {
    return ended;
  }

  /** Whether the server has ended the stream in order. */
  synchronized boolean isWhole() {
    return ended && failure == null;
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds();
  }

  private synchronized void await(Condition condition, Duration patience) throws IOException {
    long end = System.nanoTime() + patience.toNanos();
    while (!condition.holds()) {
      long left = (end - System.nanoTime()) / 1_000_000;
      if (left <= 0) {
        throw new SocketTimeoutException("server must not be silent for " + patience);
      }
      try {
        wait(left);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
  }

  // ---- reading ----

  private void readAll() {
    try {
      while (true) {
        int start = in.readInt();
        int flags = in.readUnsignedByte();
        int stream = in.readInt() & Integer.MAX_VALUE;
        read(start & 0xff, flags, stream, in.readNBytes(start >>> 8));
      }
    } catch (IOException | RuntimeException e) {
      end(new IOException("connection ended", e));
    } catch (Exception e) {
      end(new IOException("server must send fields that can be read", e));
    }
  }

  private void read(int type, int flags, int stream, byte[] bytes) throws Exception {
    switch (type) {
      case HEADERS, CONTINUATION -> {
        int skip = type == HEADERS && (flags & PRIORITY) != 0 ? 5 : 0;
        if (type == HEADERS && (flags & PADDED) != 0) {
          throw new IOException("no server of these pads");
        }
        endsWithHead |= type == HEADERS && (flags & END_STREAM) != 0;
        block.write(bytes, skip, bytes.length - skip);
        if ((flags & END_HEADERS) != 0) {
          takeBlock();
        }
      }
      case DATA -> {
        int pad = (flags & PADDED) != 0 ? 1 + (bytes[0] & 0xff) : 0;
        int start = pad > 0 ? 1 : 0;
        synchronized (this) {
          body.write(bytes, start, bytes.length - pad);
          notifyAll();
        }
        if ((flags & END_STREAM) != 0) {
          end(null);
        } else if (pad > 0) {
          update(0, pad);
          update(STREAM, pad);
        }
      }
      case SETTINGS -> {
        if ((flags & ACK) == 0) {
          settle(ByteBuffer.wrap(bytes));
          frame(SETTINGS, ACK, 0, new byte[0], 0, 0);
        }
      }
      case PING -> {
        if ((flags & ACK) == 0) {
          frame(PING, ACK, 0, bytes, 0, bytes.length);
        }
      }
      case WINDOW_UPDATE -> {
        long more = ByteBuffer.wrap(bytes).getInt() & Integer.MAX_VALUE;
        synchronized (this) {
          connectionWindow += stream == 0 ? more : 0;
          streamWindow += stream == 0 ? 0 : more;
          notifyAll();
        }
      }
      case RST_STREAM -> end(new IOException("stream was reset"));
      case GOAWAY -> {
        if (ByteBuffer.wrap(bytes).getInt() < STREAM) {
          end(new IOException("stream was refused"));
        }
      }
      default -> {}
    }
  }

  private void takeBlock() throws Exception {
    List<Map.Entry<String, String>> head = new ArrayList<>();
    for (Header header : decoder.decodeHeaders(ByteBuffer.wrap(block.toByteArray()))) {
      head.add(Map.entry(header.getName(), header.getValue()));
    }
    block.reset();
    synchronized (this) {
      heads.add(head);
      notifyAll();
    }
    if (endsWithHead) {
      end(null);
    }
  }

  private synchronized void settle(ByteBuffer settings) {
    while (settings.hasRemaining()) {
      int id = settings.getShort();
      int value = settings.getInt();
      if (id == 4) {
        streamWindow += value - initialWindow;
        initialWindow = value;
      }
    }
    settled = true;
    notifyAll();
  }

  private synchronized void end(IOException cause) {
    if (!ended) {
      ended = true;
      failure = cause;
      notifyAll();
    }
  }

  /**
   * With a reset where the stream has not ended: the server learns that nobody reads any more. Else
   * in order, so that nothing that the server still writes fails.
   */
  @Override
  public void close() throws IOException {
    try {
      if (isEnded()) {
        frame(GOAWAY, 0, 0, new byte[8], 0, 8);
        socket.shutdownOutput();
        reader.join(1000);
      } else {
        socket.setSoLinger(true, 0);
      }
    } catch (IOException e) {
      // The server has closed it before.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      socket.close();
    }
  }
}
