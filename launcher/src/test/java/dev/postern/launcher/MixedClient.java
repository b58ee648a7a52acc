package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A client of the programs of {@link MixedLoadTest}: good, slow, rude or gone, as it likes. */
final class MixedClient {
  static final int LARGE = 3_000_000;

  /**
   * As much as is read of a body that nobody wants: more is a reset, and the answer may be lost.
   */
  private static final int UPLOAD = 1_500_000;

  /** What it does in one request. Several are there twice, so that most requests are good. */
  enum Behaviour {
    GOOD,
    GOOD_AGAIN,
    GOOD_POST,
    LARGE,
    UPLOAD,
    SLOW_READER,
    SLOW_BODY,
    RESET_IN_BODY,
    RESET_IN_OUTPUT,
    RESET_IN_SILENCE,
    HANGING,
    FLOOD,
    KILLED,
    NONSENSE
  }

  private static final int PATIENCE_MILLIS = 60_000;
  private static final int PIECE = 1 << 16;

  private final URI server;
  private final Random random;

  MixedClient(String address, long seed) {
    server = URI.create(address);
    random = new Random(seed);
  }

  Behaviour choose() {
    return Behaviour.values()[random.nextInt(Behaviour.values().length)];
  }

  /**
   * Makes one request.
   *
   * @return what came of it: a status, {@code cut}, {@code left} where the client went away itself,
   *     or {@code refused}
   */
  String request(Behaviour behaviour) throws IOException {
    Socket socket;
    try {
      socket = new Socket(server.getHost(), server.getPort());
    } catch (IOException e) {
      return "refused";
    }
    try (socket) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      return switch (behaviour) {
        case GOOD, GOOD_AGAIN -> expect(get(socket, "/good"), 200, "good");
        case GOOD_POST -> expect(post(socket, "/echo", "x".repeat(1000), 1), 200, "x".repeat(1000));
        case LARGE -> expectLength(get(socket, "/large"), LARGE);
        case UPLOAD -> expect(post(socket, "/count", "y".repeat(UPLOAD), 1), 200, "" + UPLOAD);
        case SLOW_READER -> expectLength(slowly(socket, "/large"), LARGE);
        case SLOW_BODY -> expect(post(socket, "/echo", "z".repeat(100), 10), 200, "z".repeat(100));
        case RESET_IN_BODY -> {
          send(socket, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf");
          yield reset(socket, 50);
        }
        case RESET_IN_OUTPUT -> {
          send(socket, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
          socket.getInputStream().readNBytes(PIECE);
          yield reset(socket, 0);
        }
        case RESET_IN_SILENCE -> {
          send(socket, "GET /hanging HTTP/1.1\r\nHost: x\r\n\r\n");
          yield reset(socket, 600);
        }
        case HANGING -> expect(get(socket, "/hanging"), 504, "504 Gateway Timeout");
        case FLOOD -> expect(get(socket, "/flood"), 200, "after the flood");
        case KILLED -> expectCut(get(socket, "/killed"));
        case NONSENSE -> expect(get(socket, "/nonsense"), 502, "502 Bad Gateway");
      };
    } catch (SocketTimeoutException e) {
      throw new AssertionError("client was left waiting: " + behaviour, e);
    } catch (IOException e) {
      return "cut";
    }
  }

  private static void send(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  private static String reset(Socket socket, long afterMillis) throws IOException {
    pause(afterMillis);
    socket.setSoLinger(true, 0);
    return "left";
  }

  private static void pause(long millis) {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
  }

  private static Response get(Socket socket, String path) throws IOException {
    send(socket, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return Response.read(socket.getInputStream());
  }

  private static Response slowly(Socket socket, String path) throws IOException {
    send(socket, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    pause(1000);
    return Response.read(socket.getInputStream());
  }

  private static Response post(Socket socket, String path, String body, int pieces)
      throws IOException {
    send(
        socket,
        "POST "
            + path
            + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n");
    int size = body.length() / pieces;
    for (int i = 0; i < pieces; i++) {
      send(socket, body.substring(i * size, (i + 1) * size));
      pause(pieces > 1 ? 50 : 0);
    }
    return Response.read(socket.getInputStream());
  }

  /** A whole response is the right one, or says that the server is too busy or ending. */
  private static String expect(Response response, int status, String body) {
    if (!response.whole) {
      return "cut";
    }
    if (response.status < 500 || status >= 500 && response.status == status) {
      assertThat(response.status).isEqualTo(status);
      assertThat(response.text().trim()).isEqualTo(body);
    }
    return "" + response.status;
  }

  private static String expectLength(Response response, int length) {
    if (!response.whole) {
      return "cut";
    }
    if (response.status < 500) {
      assertThat(response.status).isEqualTo(200);
      assertThat(response.body).hasSize(length);
    }
    return "" + response.status;
  }

  private static String expectCut(Response response) {
    assertThat(response.whole && response.status == 200).as("whole").isFalse();
    return response.whole ? "" + response.status : "cut";
  }

  /** A response to the end of its connection. */
  private record Response(int status, byte[] body, boolean whole) {
    static Response read(InputStream stream) throws IOException {
      InputStream in = new BufferedInputStream(stream);
      String first = line(in);
      if (!first.startsWith("HTTP/1.1 ")) {
        return new Response(0, new byte[0], false);
      }
      int status = Integer.parseInt(first.substring(9, 12));
      int length = -1;
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        String lower = header.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring(15).trim());
        }
      }
      if (length >= 0) {
        byte[] body = in.readNBytes(length);
        return new Response(status, body, body.length == length);
      }
      return chunks(status, in);
    }

    private static Response chunks(int status, InputStream in) throws IOException {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      while (true) {
        String size = line(in);
        if (size.isEmpty()) {
          return new Response(status, body.toByteArray(), false);
        }
        int length = Integer.parseInt(size, 16);
        if (length == 0) {
          return new Response(status, body.toByteArray(), true);
        }
        body.write(in.readNBytes(length));
        line(in);
      }
    }

    /** Without its end; empty at the end of the stream. */
    private static String line(InputStream in) throws IOException {
      StringBuilder line = new StringBuilder();
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        line.append((char) c);
      }
      return line.toString().trim();
    }

    String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }
  }
}
