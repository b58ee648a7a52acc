package dev.postern.fastcgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.server.ListenAddress;
import dev.postern.fastcgi.server.ListenSocket;
import dev.postern.fastcgi.server.Peers;
import dev.postern.fastcgi.server.Server;
import dev.postern.fastcgi.server.ServerLimits;
import dev.postern.fastcgi.server.Settings;
import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.Records;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of a connection that is idle, without a server that watches the time. */
@Timeout(60)
class DrainTest {
  private static final Application NAME =
      Application.of(
          environ ->
              Response.of(
                  200, Headers.of("Content-Type", "text/plain"), Body.of(environ.pathInfo())));

  @Test
  void drain_ofAnIdleConnection_losesNothingThatIsOnItsWay() throws Exception {
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (ServerSocketChannel listener = ServerSocketChannel.open().bind(free);
        RawWebServer peer = RawWebServer.connect("127.0.0.1:" + listener.socket().getLocalPort());
        SocketChannel accepted = listener.accept()) {
      FastCgiConnection connection =
          new FastCgiConnection(accepted, unwatched(), new Settings(NAME));
      FutureTask<Void> serving =
          new FutureTask<>(
              () -> {
                try (accepted) {
                  connection.serve();
                }
                return null;
              });
      new Thread(serving).start();
      assertThat(peer.get(1, true, "/one").answer(1).body()).isEqualTo("/one");
      byte[] request = largeGet("/two");
      peer.send(Arrays.copyOf(request, 4));
      while (connection.idleSince() == Long.MAX_VALUE) {
        Thread.onSpinWait();
      }
      connection.drain();
      peer.send(Arrays.copyOfRange(request, 4, request.length));
      assertThat(peer.answer(1).body()).isEqualTo("/two");
      serving.get(30, TimeUnit.SECONDS);
    }
  }

  /** A server that is not started. */
  private static Server unwatched() throws Exception {
    Duration time = Duration.ofSeconds(30);
    ListenSocket socket =
        ListenSocket.open(
            ListenAddress.of("127.0.0.1:0"), PosixFilePermissions.fromString("rw-------"));
    socket.close();
    return new Server(
        "test",
        socket,
        Peers.ofEnvironment(),
        new ServerLimits(10, 10, time, time, time, time),
        (channel, owner) -> {
          throw new IllegalStateException();
        });
  }

  /** More than the buffer of a connection holds. */
  private static byte[] largeGet(String path) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(
        RawWebServer.bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 0));
    byte[] pairs =
        NameValuePairs.encode(
            RawWebServer.variables("GET", path, "HTTP_COOKIE", "c".repeat(20_000)));
    all.writeBytes(RawWebServer.bytes(Records.PARAMS, 1, pairs, 0));
    all.writeBytes(RawWebServer.bytes(Records.PARAMS, 1, new byte[0], 0));
    all.writeBytes(RawWebServer.bytes(Records.STDIN, 1, new byte[0], 0));
    return all.toByteArray();
  }
}
