package dev.postern.launcher;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** A connection whose client writes the frames of HTTP/2 that it likes. */
final class Http2Wire implements AutoCloseable {
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int GOAWAY = 7;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  private static final int SETTINGS = 4;
  private static final int FRAME = 16_384;
  private static final int TIMEOUT = 60_000;

  private final SSLSocket socket;

  private Http2Wire(SSLSocket socket) {
    this.socket = socket;
  }

  static Http2Wire to(int port, SSLContext context) throws IOException {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
    socket.setSoTimeout(TIMEOUT);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    socket.setSSLParameters(parameters);
    Http2Wire wire = new Http2Wire(socket);
    socket
        .getOutputStream()
        .write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    wire.frame(SETTINGS, 0, 0, new byte[0], 0, 0);
    return wire;
  }

  /** Begins a request, in as many frames as its head needs. A body follows, or never comes. */
  void post(int stream, Map<String, String> fields) throws IOException {
    byte[] head = head(fields);
    for (int at = 0; at < head.length; at += FRAME) {
      int length = Math.min(FRAME, head.length - at);
      int flags = at + length == head.length ? END_HEADERS : 0;
      frame(at == 0 ? HEADERS : CONTINUATION, flags, stream, head, at, length);
    }
  }

  /** Returns the head of {@code POST /}, as literals of HPACK (RFC 7541 6.2.2). */
  static byte[] head(Map<String, String> fields) {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.write(0x83); // :method POST
    head.write(0x87); // :scheme https
    head.write(0x84); // :path /
    head.write(0x01); // :authority
    string(head, "localhost");
    fields.forEach(
        (name, value) -> {
          head.write(0);
          string(head, name);
          string(head, value);
        });
    return head.toByteArray();
  }

  /** Sends a head of these names and values, as they are. */
  void head(int stream, int flags, String... fields) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    for (int i = 0; i < fields.length; i += 2) {
      head.write(0);
      string(head, fields[i]);
      string(head, fields[i + 1]);
    }
    frame(HEADERS, flags | END_HEADERS, stream, head.toByteArray(), 0, head.size());
  }

  private static void string(ByteArrayOutputStream to, String text) {
    int rest = text.length();
    if (rest < 127) {
      to.write(rest);
    } else {
      to.write(127);
      for (rest -= 127; rest >= 128; rest >>>= 7) {
        to.write(rest & 127 | 128);
      }
      to.write(rest);
    }
    to.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  void frame(int type, int flags, int stream, byte[] content, int from, int length)
      throws IOException {
    header(type, flags, stream, length);
    socket.getOutputStream().write(content, from, length);
    socket.getOutputStream().flush();
  }

  /** Sends the header of a frame, whose content follows or does not. */
  void header(int type, int flags, int stream, int length) throws IOException {
    byte[] header = {
      (byte) (length >> 16),
      (byte) (length >> 8),
      (byte) length,
      (byte) type,
      (byte) flags,
      (byte) (stream >> 24),
      (byte) (stream >> 16),
      (byte) (stream >> 8),
      (byte) stream
    };
    socket.getOutputStream().write(header);
  }

  void send(byte[] content, int from, int length) throws IOException {
    socket.getOutputStream().write(content, from, length);
    socket.getOutputStream().flush();
  }

  /** Reads the next frame, and returns its type and stream; null at the end of the connection. */
  Frame read() throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    try {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      in.readUnsignedByte();
      int stream = in.readInt();
      in.readFully(new byte[length]);
      return new Frame(type, stream);
    } catch (EOFException e) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  record Frame(int type, int stream) {}
}
