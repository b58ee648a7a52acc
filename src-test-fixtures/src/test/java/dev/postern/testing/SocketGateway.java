package dev.postern.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A gateway that speaks HTTP/1.1 on a socket by itself, and keeps connections open, so that it can
 * break the rules that the JDK's server keeps for every gateway. Requests have no chunks.
 */
final class SocketGateway implements Closeable {
  /** What is wrong with it. */
  enum Fault {
    NONE(""),
    SENDS_A_BODY_TO_HEAD("G18"),
    SENDS_A_LAST_CHUNK_TO_HEAD("G18"),
    SENDS_A_LAST_CHUNK_WITH_204("G19"),
    SENDS_A_BODY_WITH_304("G19"),
    SENDS_MORE_THAN_ITS_LENGTH("G22"),
    SENDS_MORE_AND_CLOSES("G22"),
    TAKES_AN_UNREAD_BODY_FOR_A_REQUEST("G27"),
    READS_NO_MORE_AFTER_AN_UNREAD_BODY("G27"),
    WAITS_FOR_EVER_FOR_A_WHOLE_BODY("E20"),
    WAITS_FOR_EVER_FOR_A_BODY_TO_READ("G34");

    final String rule;

    Fault(String rule) {
      this.rule = rule;
    }
  }

  private final Application application;
  private final Fault fault;
  private final ServerSocket server;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

  private final CountDownLatch closed = new CountDownLatch(1);

  private SocketGateway(Application application, Fault fault) throws IOException {
    this.application = application;
    this.fault = fault;
    this.server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
  }

  static GatewayClient start(Application application, Fault fault) throws IOException {
    SocketGateway gateway = new SocketGateway(application, fault);
    run(gateway::accept);
    return HttpGatewayClient.of(gateway.server.getLocalPort()).onClose(gateway);
  }

  private static void run(Runnable task) {
    Thread thread = new Thread(task, "socket gateway");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket socket = server.accept();
        sockets.add(socket);
        run(() -> serve(socket));
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    server.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      boolean goesOn = true;
      while (goesOn) {
        TestRequest request = head(in);
        goesOn = request != null && answer(request, in, socket.getOutputStream());
      }
    } catch (IOException e) {
      // The client has left.
    }
  }

  /** Answers one request. Returns whether another one may follow. */
  private boolean answer(TestRequest request, InputStream in, OutputStream out) throws IOException {
    String said = request.headers().get("Content-Length");
    InputStream body = new Limited(in, said == null ? 0 : Integer.parseInt(said));
    if (fault.name().startsWith("WAITS")) {
      try {
        body = new ByteArrayInputStream(body.readAllBytes());
      } catch (EOFException e) {
        waitForEver();
      }
    }
    Map<String, String> variables = RequestVariables.of(request, "", "http");
    Sink sink = new Sink(request, out);
    Environ environ = Environ.builder(variables).input(body).build();
    boolean complete = Exchange.of(environ, sink).run(application).complete();
    if (fault == Fault.READS_NO_MORE_AFTER_AN_UNREAD_BODY && body.read() >= 0) {
      waitForEver();
    }
    if (fault != Fault.TAKES_AN_UNREAD_BODY_FOR_A_REQUEST) {
      body.transferTo(OutputStream.nullOutputStream());
    }
    return complete && fault != Fault.SENDS_MORE_AND_CLOSES;
  }

  /** Waits until this gateway is closed, and fails then. */
  private void waitForEver() throws IOException {
    try {
      closed.await();
      throw new IOException("gateway was closed");
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts it", e);
    }
  }

  private static @Nullable TestRequest head(InputStream in) throws IOException {
    String line = line(in);
    if (line == null) {
      return null;
    }
    String[] words = line.split(" ");
    TestRequest request = TestRequest.of(words[0], words[1]);
    for (line = line(in); line != null && !line.isEmpty(); line = line(in)) {
      String[] field = line.split(": ?", 2);
      request = request.withHeader(field[0], field[1]);
    }
    return line == null ? null : request;
  }

  private static @Nullable String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        return null;
      }
      line.append((char) b);
    }
    return line.substring(0, line.length() - 1);
  }

  /** So many bytes of a connection. */
  private static final class Limited extends InputStream {
    private final InputStream in;
    private int left;

    Limited(InputStream in, int left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      if (left == 0) {
        return -1;
      }
      int b = in.read();
      if (b < 0) {
        throw new EOFException("body is shorter than its length");
      }
      left--;
      return b;
    }
  }

  private final class Sink implements ResponseSink {
    private final boolean toHead;
    private final OutputStream out;
    private int status;
    private boolean chunked;

    Sink(TestRequest request, OutputStream out) {
      this.toHead = request.method().equals("HEAD");
      this.out = out;
    }

    @Override
    public void head(int newStatus, Headers headers) throws IOException {
      status = newStatus;
      boolean bodiless = toHead || status == 204 || status == 304;
      chunked = !bodiless && !headers.contains("Content-Length");
      write("HTTP/1.1 " + status + " \r\n");
      for (Map.Entry<String, String> field : headers) {
        write(field.getKey() + ": " + field.getValue() + "\r\n");
      }
      write(chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    }

    private void write(String text) throws IOException {
      out.write(text.getBytes(ISO_8859_1));
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (chunked && length > 0) {
        write(Integer.toHexString(length) + "\r\n");
      }
      out.write(bytes, offset, length);
      if (chunked && length > 0) {
        write("\r\n");
      }
    }

    @Override
    public void flush() throws IOException {
      out.flush();
    }

    @Override
    public void finish() throws IOException {
      write(chunked ? "0\r\n\r\n" : "");
      write(
          switch (fault) {
            case SENDS_A_BODY_TO_HEAD -> toHead ? "sixsix" : "";
            case SENDS_A_LAST_CHUNK_TO_HEAD -> toHead ? "0\r\n\r\n" : "";
            case SENDS_A_LAST_CHUNK_WITH_204 -> status == 204 ? "0\r\n\r\n" : "";
            case SENDS_A_BODY_WITH_304 -> status == 304 ? "never" : "";
            case SENDS_MORE_THAN_ITS_LENGTH, SENDS_MORE_AND_CLOSES -> chunked ? "" : " and more";
            default -> "";
          });
    }

    @Override
    public void abort(@Nullable Throwable cause) {
      // serve closes the connection.
    }
  }
}
