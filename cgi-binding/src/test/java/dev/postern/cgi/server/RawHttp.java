package dev.postern.cgi.server;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A client that sends a request as it is written and shows the answer as it came. */
public final class RawHttp {
  private static final Duration SILENCE = Duration.ofSeconds(60);

  private RawHttp() {}

  /**
   * An answer.
   *
   * @param headers in order, repeats apart, names as sent
   * @param body without the chunks' frames
   */
  public record Answer(int status, List<Map.Entry<String, String>> headers, byte[] body) {
    /** The values of all fields of that name. */
    public List<String> all(String name) {
      return headers.stream()
          .filter(field -> field.getKey().equalsIgnoreCase(name))
          .map(Map.Entry::getValue)
          .toList();
    }

    /** The body, bytes as chars. */
    public String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }
  }

  /** Sends one request to a port of this machine and reads the whole answer. */
  public static Answer request(
      int port, String method, String target, List<Map.Entry<String, String>> headers, byte[] body)
      throws IOException {
    return request(port, method, target, headers, body, SILENCE);
  }

  private static Answer request(
      int port,
      String method,
      String target,
      List<Map.Entry<String, String>> headers,
      byte[] body,
      Duration silence)
      throws IOException {
    StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\n");
    head.append("Host: localhost:").append(port).append("\r\nConnection: close\r\n");
    for (Map.Entry<String, String> field : headers) {
      head.append(field.getKey()).append(": ").append(field.getValue()).append("\r\n");
    }
    if (body.length > 0 || method.equals("POST")) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) silence.toMillis());
      OutputStream out = socket.getOutputStream();
      out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
      Thread sender = new Thread(() -> send(body, out), "http-body");
      sender.start();
      return read(socket.getInputStream(), method);
    }
  }

  /** On a thread of its own: an answer may come while the body is still going out. */
  private static void send(byte[] body, OutputStream out) {
    try {
      out.write(body);
      out.flush();
    } catch (IOException e) {
      // The server wants no more of it; its answer says why.
    }
  }

  /** Sends a GET without further headers. */
  public static Answer get(int port, String target) throws IOException {
    return get(port, target, SILENCE);
  }

  /**
   * The same of a server that may never answer.
   *
   * @throws java.net.SocketTimeoutException when it is silent for so long
   */
  public static Answer get(int port, String target, Duration silence) throws IOException {
    return request(port, "GET", target, List.of(), new byte[0], silence);
  }

  private static Answer read(InputStream in, String method) throws IOException {
    String statusLine = line(in);
    int status = Integer.parseInt(statusLine.split(" ", 3)[1]);
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.add(Map.entry(line.substring(0, colon), line.substring(colon + 1).trim()));
    }
    if (status >= 100 && status < 200) {
      return read(in, method);
    }
    Answer head = new Answer(status, List.copyOf(headers), new byte[0]);
    return new Answer(status, head.headers(), body(in, method, head));
  }

  private static byte[] body(InputStream in, String method, Answer head) throws IOException {
    if (method.equals("HEAD") || head.status() == 204 || head.status() == 304) {
      return in.readAllBytes();
    }
    if (head.all("Transfer-Encoding").contains("chunked")) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
        body.write(exactly(in, size));
        line(in);
      }
      line(in);
      return body.toByteArray();
    }
    List<String> length = head.all("Content-Length");
    return length.isEmpty() ? in.readAllBytes() : exactly(in, Integer.parseInt(length.get(0)));
  }

  private static int chunkSize(InputStream in) throws IOException {
    return Integer.parseInt(line(in).split(";", 2)[0].trim(), 16);
  }

  private static byte[] exactly(InputStream in, int size) throws IOException {
    byte[] bytes = in.readNBytes(size);
    if (bytes.length < size) {
      throw new EOFException("answer was cut: " + bytes.length + " of " + size + " bytes came");
    }
    return bytes;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("answer was cut in its head: " + line);
      }
      line.append((char) b);
    }
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }
}
