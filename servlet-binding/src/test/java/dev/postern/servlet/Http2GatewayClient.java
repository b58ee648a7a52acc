package dev.postern.servlet;

import dev.postern.Headers;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The contract's client over HTTP/2 in the clear: each request has a connection of its own. */
record Http2GatewayClient(int port, Duration silence, Closeable onClose) implements GatewayClient {
  @Override
  public GatewayClient waiting(Duration newSilence) {
    return new Http2GatewayClient(port, newSilence, onClose);
  }

  @Override
  public void close() throws IOException {
    onClose.close();
  }

  @Override
  public TestResponse send(TestRequest request) throws IOException {
    try (Talk talk = connect(request)) {
      byte[] body = request.body();
      if (body == null) {
        return talk.finish();
      }
      if ("100-continue".equalsIgnoreCase(request.headers().get("Expect")) && talk.awaitFinal()) {
        return talk.finish();
      }
      Thread writer = new Thread(() -> talk.send(body), "request body");
      writer.setDaemon(true);
      writer.start();
      return talk.finish();
    }
  }

  @Override
  public Conversation open(TestRequest request) throws IOException {
    return connect(request);
  }

  private Talk connect(TestRequest request) throws IOException {
    Http2Connection connection = new Http2Connection(port);
    try {
      Headers headers = request.headers();
      String host = headers.get("Host");
      List<Map.Entry<String, String>> fields = new ArrayList<>();
      fields.add(Map.entry(":method", request.method()));
      fields.add(Map.entry(":scheme", "http"));
      fields.add(Map.entry(":authority", host == null ? "127.0.0.1:" + port : host));
      fields.add(Map.entry(":path", request.target()));
      for (Map.Entry<String, String> field : headers.without("Host")) {
        fields.add(Map.entry(field.getKey().toLowerCase(Locale.ROOT), field.getValue()));
      }
      byte[] body = request.body();
      if (body != null && !request.isChunked() && !headers.contains("Content-Length")) {
        fields.add(Map.entry("content-length", Integer.toString(body.length)));
      }
      connection.head(fields, body == null);
      return new Talk(connection, silence, request.method().equals("HEAD"));
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static final class Talk implements Conversation {
    private final Http2Connection connection;
    private final Duration silence;
    private final boolean bodiless;
    private int status;
    private long taken;
    private Headers headers = Headers.of();

    Talk(Http2Connection connection, Duration silence, boolean bodiless) {
      this.bodiless = bodiless;
      this.connection = connection;
      this.silence = silence;
    }

    /** The whole body; the server may refuse to take it all and still answer. */
    void send(byte[] body) {
      try {
        write(body);
        endRequest();
      } catch (IOException e) {
        // The response says what the server made of it.
      }
    }

    /** Waits for 100, or for a final response instead; true for the latter. */
    boolean awaitFinal() throws IOException {
      return !readHead() || status >= 200;
    }

    /** False when the stream ended before. */
    private boolean readHead() throws IOException {
      List<Map.Entry<String, String>> head = connection.takeHead(silence);
      if (head == null) {
        return false;
      }
      headers = Headers.of();
      for (Map.Entry<String, String> field : head) {
        if (field.getKey().equals(":status")) {
          status = Integer.parseInt(field.getValue());
        } else {
          headers = headers.plus(field.getKey(), field.getValue());
        }
      }
      return true;
    }

    private boolean readFinalHead() throws IOException {
      while (status < 200) {
        if (!readHead()) {
          return false;
        }
      }
      return true;
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      connection.data(bytes, silence);
    }

    @Override
    public void endRequest() throws IOException {
      connection.end();
    }

    @Override
    public int status() throws IOException {
      readFinalHead();
      return status;
    }

    @Override
    public byte[] read(int count) throws IOException {
      readFinalHead();
      byte[] bytes = connection.take(count, silence);
      taken += bytes.length;
      if (bytes.length < count) {
        throw new EOFException("response ended after " + bytes.length + " of " + count + " bytes");
      }
      return bytes;
    }

    @Override
    public TestResponse finish() throws IOException {
      byte[] body = new byte[0];
      if (readFinalHead()) {
        body = connection.take(Integer.MAX_VALUE, silence);
      }
      taken += body.length;
      return TestResponse.of(status, headers, body, connection.isWhole() && isLong());
    }

    /** A response of another length than it has told is malformed (RFC 9113 8.1.1). */
    private boolean isLong() {
      String length = headers.get("Content-Length");
      return bodiless || status == 304 || length == null || Long.parseLong(length) == taken;
    }

    @Override
    public void close() throws IOException {
      connection.close();
    }
  }
}
