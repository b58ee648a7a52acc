package dev.postern.testing;

import static java.util.Objects.requireNonNull;

import dev.postern.Headers;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A client for gateways behind HTTP/1.1 on the loopback interface. It sends exact bytes, repairs
 * nothing and follows no redirect. Each request has a connection of its own, except where {@link
 * GatewayContract} checks that nothing follows a response. The client does not ask the server to
 * close it, so that a response that is cut differs from one that ends.
 *
 * <p>Immutable, thread-safe.
 */
public final class HttpGatewayClient implements GatewayClient {
  private static final Duration SILENCE = Duration.ofSeconds(5);

  private final int port;
  private final String prefix;
  private final Duration silence;
  private final Closeable onClose;
  private final @Nullable Callable<String> log;

  private HttpGatewayClient(
      int port,
      String prefix,
      Duration silence,
      Closeable onClose,
      @Nullable Callable<String> log) {
    if (silence.isNegative() || silence.isZero()) {
      throw new IllegalArgumentException("silence must be positive: " + silence);
    }
    this.port = port;
    this.prefix = requireNonNull(prefix, "prefix");
    this.silence = silence;
    this.onClose = requireNonNull(onClose, "onClose");
    this.log = log;
  }

  /** Returns a client of the server at that port of 127.0.0.1, for an application at its root. */
  public static HttpGatewayClient of(int port) {
    return new HttpGatewayClient(port, "", SILENCE, () -> {}, null);
  }

  /** Returns this client for an application at {@code prefix}, such as {@code /cgi-bin/app}. */
  public HttpGatewayClient at(String newPrefix) {
    return new HttpGatewayClient(port, newPrefix, silence, onClose, log);
  }

  /** Returns this client, which calls {@code close} to end the server when it is closed itself. */
  public HttpGatewayClient onClose(Closeable close) {
    return new HttpGatewayClient(port, prefix, silence, close, log);
  }

  /** Returns this client, which gets the gateway's log from {@code newLog}. */
  public HttpGatewayClient withLog(Callable<String> newLog) {
    return new HttpGatewayClient(port, prefix, silence, onClose, requireNonNull(newLog, "log"));
  }

  /**
   * Returns this client, which waits so long, at least a millisecond, for each next byte of a
   * server. The default is 5 s.
   */
  @Override
  public HttpGatewayClient waiting(Duration newSilence) {
    return new HttpGatewayClient(port, prefix, newSilence, onClose, log);
  }

  @Override
  public String log() throws IOException {
    if (log == null) {
      return GatewayClient.super.log();
    }
    try {
      return log.call();
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("log must be readable", e);
    }
  }

  @Override
  public void close() throws IOException {
    onClose.close();
  }

  @Override
  public TestResponse send(TestRequest request) throws IOException {
    try (HttpConversation talk = connect(request)) {
      return talk.exchange(request);
    }
  }

  /**
   * Sends two requests, the second one on the connection of the first if the server keeps that
   * open. So it sees bytes that the server sent after the end of the first response. They would
   * become a part of the second response. If the server has closed the connection, the second
   * request gets one of its own.
   *
   * @param second without a body
   * @throws IOException also when there are such bytes
   */
  List<TestResponse> sendInTurn(TestRequest first, TestRequest second) throws IOException {
    try (HttpConversation talk = connect(first)) {
      TestResponse response = talk.exchange(first);
      if (response.isComplete() && talk.isKept(head(second))) {
        return List.of(response, new HttpConversation(talk, second).finish());
      }
      return List.of(response, send(second));
    }
  }

  @Override
  public Conversation open(TestRequest request) throws IOException {
    return connect(request);
  }

  private HttpConversation connect(TestRequest request) throws IOException {
    Socket socket = new Socket();
    try {
      int most = (int) Math.max(1, Math.min(Integer.MAX_VALUE, silence.toMillis()));
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(most);
      socket.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port), most);
      HttpConversation talk = new HttpConversation(socket, request);
      talk.out.write(head(request));
      return talk;
    } catch (IOException | RuntimeException e) {
      socket.close();
      throw e;
    }
  }

  private byte[] head(TestRequest request) {
    StringBuilder head = new StringBuilder();
    String target = prefix + request.target();
    head.append(request.method()).append(' ').append(target).append(" HTTP/1.1\r\n");
    if (!request.headers().contains("Host")) {
      head.append("Host: 127.0.0.1:").append(port).append("\r\n");
    }
    for (Map.Entry<String, String> field : request.headers()) {
      head.append(field.getKey()).append(": ").append(field.getValue()).append("\r\n");
    }
    byte[] body = request.body();
    if (body != null && request.isChunked()) {
      head.append("Transfer-Encoding: chunked\r\n");
    } else if (body != null && !request.headers().contains("Content-Length")) {
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    return head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A conversation on a socket. */
  private static final class HttpConversation implements Conversation {
    private final Socket socket;
    private final boolean chunked;
    private final long announced;
    private long written;
    private final OutputStream out;
    private final InputStream received;
    private final HttpResponseReader in;
    private @Nullable Thread writer;

    HttpConversation(Socket socket, TestRequest request) throws IOException {
      this(socket, new BufferedInputStream(socket.getInputStream()), request);
    }

    /** Makes the conversation that follows another one on its connection. */
    HttpConversation(HttpConversation before, TestRequest request) throws IOException {
      this(before.socket, before.received, request);
    }

    private HttpConversation(Socket socket, InputStream received, TestRequest request)
        throws IOException {
      this.socket = socket;
      this.chunked = request.isChunked();
      byte[] body = request.body();
      this.announced = body == null || chunked ? 0 : body.length;
      this.out = socket.getOutputStream();
      this.received = received;
      this.in = new HttpResponseReader(received, request.method());
    }

    /** Sends the body of the request, and reads the response meanwhile. */
    TestResponse exchange(TestRequest request) throws IOException {
      byte[] body = request.body();
      boolean waits = "100-continue".equalsIgnoreCase(request.headers().get("Expect"));
      if (body != null && !(waits && in.awaitContinue())) {
        writer = new Thread(() -> send(body), "request body");
        writer.setDaemon(true);
        writer.start();
      }
      return finish();
    }

    /** Sends the whole body. The server may refuse to take all of it and still answer. */
    private void send(byte[] body) {
      try {
        write(body);
        endRequest();
      } catch (IOException e) {
        // The response says what the server made of it.
      }
    }

    /**
     * Sends the head of a further request, and waits for the first byte of its response. Returns
     * false if the server has closed the connection after the response.
     */
    boolean isKept(byte[] head) throws IOException {
      awaitWriter();
      boolean open = in.isPersistent();
      int first;
      try {
        if (open) {
          out.write(head);
        }
        received.mark(1);
        first = received.read();
      } catch (SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        return false;
      }
      if (first >= 0 && !open) {
        throw new IOException("bytes must not follow the last response of a connection");
      }
      received.reset();
      return first >= 0;
    }

    /** A server that answers must also read the rest of the request, or close the connection. */
    private void awaitWriter() throws IOException {
      try {
        if (writer != null) {
          writer.join(socket.getSoTimeout());
          if (writer.isAlive()) {
            throw new SocketTimeoutException("request's body is neither read nor refused");
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while sending the request", e);
      }
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      if (!chunked) {
        out.write(bytes);
        written += bytes.length;
      } else if (bytes.length > 0) {
        ByteArrayOutputStream chunk = new ByteArrayOutputStream();
        String size = Integer.toHexString(bytes.length) + "\r\n";
        chunk.writeBytes(size.getBytes(StandardCharsets.US_ASCII));
        chunk.writeBytes(bytes);
        chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        chunk.writeTo(out);
      }
    }

    /** Half-closes a body that is shorter than was announced. */
    @Override
    public void endRequest() throws IOException {
      if (chunked) {
        out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      } else if (written < announced) {
        socket.shutdownOutput();
      }
    }

    @Override
    public int status() throws IOException {
      in.readHead();
      return in.status();
    }

    @Override
    public byte[] read(int count) throws IOException {
      in.readHead();
      byte[] bytes = in.readBody(count);
      if (bytes.length < count) {
        throw new EOFException("response ended after " + bytes.length + " of " + count + " bytes");
      }
      return bytes;
    }

    @Override
    public TestResponse finish() throws IOException {
      byte[] body = new byte[0];
      Headers headers = Headers.of();
      if (in.readHead()) {
        body = in.readBody(Integer.MAX_VALUE);
        headers = in.headers();
      }
      return TestResponse.of(in.status(), headers, body, in.isComplete());
    }

    /**
     * Closes with a reset if the response is not whole, so that the server learns that nobody reads
     * it.
     */
    @Override
    public void close() throws IOException {
      if (!in.isComplete()) {
        socket.setSoLinger(true, 0);
      }
      socket.close();
    }
  }
}
