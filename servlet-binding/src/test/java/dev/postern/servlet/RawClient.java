package dev.postern.servlet;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One connection of an HTTP/1 client that sends the bytes it is given and keeps those it gets.
 * Texts are bytes, one char each.
 */
final class RawClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 30_000;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  /** The length of the current message's body, or -1. */
  private long length;

  private boolean chunked;
  private final List<String> trailers = new ArrayList<>();

  /** The CRLF behind a chunk's bytes has still to be read: some servers send it with the next. */
  private boolean insideChunk;

  RawClient(int port) throws IOException {
    this(port, 0);
  }

  /**
   * With room for so many bytes that were not read yet, or somewhat more; 0 for what is usual. To
   * be set before it connects, as the other side is told then.
   */
  RawClient(int port, int receiveBuffer) throws IOException {
    socket = new Socket();
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** The response to one request on a connection of its own. */
  static RawResponse exchange(int port, String request) throws IOException {
    try (RawClient client = new RawClient(port)) {
      return client.send(request).response(method(request));
    }
  }

  /** A GET of the target, on a connection of its own. */
  static RawResponse get(int port, String target, String... headers) throws IOException {
    return exchange(port, request("GET", target, headers));
  }

  /** A request's head; with a Host unless the headers bring one. */
  static String request(String method, String target, String... headers) {
    StringBuilder text = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
    if (List.of(headers).stream().noneMatch(header -> header.startsWith("Host:"))) {
      text.append("Host: localhost\r\n");
    }
    for (String header : headers) {
      text.append(header).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  private static String method(String request) {
    return request.substring(0, request.indexOf(' '));
  }

  RawClient send(String bytes) throws IOException {
    return send(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  RawClient send(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
    return this;
  }

  /** Sends the bytes as one chunk; none of them as the last one. */
  RawClient sendChunk(byte[] bytes) throws IOException {
    send(Integer.toHexString(bytes.length) + "\r\n");
    send(bytes);
    return send("\r\n");
  }

  /** No more is sent: FIN. */
  void endOutput() throws IOException {
    socket.shutdownOutput();
  }

  /** Closes with a reset. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  /** The next response, whole. */
  RawResponse response(String method) throws IOException {
    RawResponse head = head(method);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    RawResponse.End end;
    try {
      for (byte[] block = block(); block.length > 0; block = block()) {
        body.write(block);
      }
      end = chunked || length >= 0 ? RawResponse.End.WHOLE : RawResponse.End.CLOSED;
    } catch (EOFException | SocketException e) {
      end = RawResponse.End.CUT;
    }
    return new RawResponse(head.protocol(), head.status(), head.headers(), body.toByteArray(), end);
  }

  /** The head of the next response; its body is for {@link #block}. */
  RawResponse head(String method) throws IOException {
    String[] start = line().split(" ", 3);
    int status = Integer.parseInt(start[1]);
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.add(Map.entry(line.substring(0, colon), line.substring(colon + 1).trim()));
    }
    RawResponse head =
        new RawResponse(start[0], status, headers, new byte[0], RawResponse.End.WHOLE);
    boolean bodiless = method.equals("HEAD") || status < 200 || status == 204 || status == 304;
    String declared = head.header("Content-Length");
    chunked = !bodiless && head.isChunked();
    insideChunk = false;
    length = bodiless ? 0 : declared == null || chunked ? -1 : Long.parseLong(declared);
    return head;
  }

  /**
   * The next bytes of the body: a whole chunk, or what has come of another body; none at its end.
   *
   * @throws EOFException when the message is cut
   */
  byte[] block() throws IOException {
    if (chunked) {
      return chunk();
    }
    if (length == 0) {
      return new byte[0];
    }
    byte[] buffer = new byte[16 * 1024];
    int n = in.read(buffer, 0, length < 0 ? buffer.length : (int) Math.min(length, buffer.length));
    if (n < 0 && length > 0) {
      throw new EOFException();
    }
    length -= length < 0 ? 0 : n;
    return n < 0 ? new byte[0] : Arrays.copyOf(buffer, n);
  }

  private byte[] chunk() throws IOException {
    if (insideChunk) {
      endOfLine();
    }
    int size = Integer.parseInt(line().trim(), 16);
    byte[] chunk = in.readNBytes(size);
    if (chunk.length < size) {
      throw new EOFException();
    }
    insideChunk = size > 0;
    if (size == 0) {
      trailers.clear();
      for (String line = line(); !line.isEmpty(); line = line()) {
        trailers.add(line);
      }
    }
    return chunk;
  }

  /** What followed the last chunk of the last body. */
  List<String> trailers() {
    return List.copyOf(trailers);
  }

  private void endOfLine() throws IOException {
    String line = line();
    if (!line.isEmpty()) {
      throw new AssertionError("chunk must end in CRLF: " + line);
    }
    insideChunk = false;
  }

  /** Whether the server has closed the connection, after what was read. */
  boolean isClosed() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException e) {
      return true;
    }
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("connection must not end here: " + line);
      }
      line.write(b);
    }
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
