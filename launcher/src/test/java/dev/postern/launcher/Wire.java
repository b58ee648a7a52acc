package dev.postern.launcher;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A connection whose client writes what it likes. Bytes are held one to a char. */
final class Wire implements AutoCloseable {
  private static final int TIMEOUT = 60_000;

  private final Socket socket;

  private Wire(Socket socket) {
    this.socket = socket;
  }

  static Wire to(int port) throws IOException {
    return to(port, 0);
  }

  /** With a receive buffer of so many bytes; 0 is the system's. */
  static Wire to(int port, int receiveBuffer) throws IOException {
    Socket socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress("127.0.0.1", port));
    socket.setSoTimeout(TIMEOUT);
    return new Wire(socket);
  }

  /** Sends the bytes, and reads to the end of the connection. */
  static String exchange(int port, String bytes) throws IOException {
    try (Wire wire = to(port)) {
      wire.send(bytes);
      return wire.readAll();
    }
  }

  /** Sends a request without a body that ends the connection; its lines are separated by LF. */
  static String request(int port, String lines) throws IOException {
    String head = lines.strip().replace("\n", "\r\n");
    return exchange(port, head + "\r\nConnection: close\r\n\r\n");
  }

  void send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  InputStream in() throws IOException {
    return socket.getInputStream();
  }

  String readAll() throws IOException {
    return new String(in().readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  /** Reads a head with its blank line; "" at the end of the connection. */
  String readHead() throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    int b = in().read();
    while (b >= 0) {
      head.write(b);
      String text = head.toString(StandardCharsets.ISO_8859_1);
      if (text.endsWith("\r\n\r\n")) {
        return text;
      }
      b = in().read();
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  String read(int bytes) throws IOException {
    return new String(in().readNBytes(bytes), StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
