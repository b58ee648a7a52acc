package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WarmConnectionTest {
  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();

  @Test
  void interruptDuringARead_endsOnlyTheRead() throws Exception {
    Application application =
        (environ, start) -> {
          InputStream in = environ.input();
          Thread reader = Thread.currentThread();
          Thread interrupter =
              new Thread(
                  () -> {
                    while (Arrays.stream(reader.getStackTrace())
                        .noneMatch(frame -> frame.getClassName().contains("BodyAhead"))) {
                      Thread.onSpinWait();
                    }
                    reader.interrupt();
                  });
          interrupter.start();
          try {
            in.read();
          } catch (InterruptedIOException e) {
            notes.add("interrupt " + Thread.interrupted());
          }
          start.start(200, Headers.of("Content-Type", "text/plain"));
          return Body.of(in.readAllBytes());
        };
    byte[] variables =
        "REQUEST_METHOD=POST\0CONTENT_LENGTH=3\0SCRIPT_NAME=\0PATH_INFO=/\0SERVER_NAME=a\0"
            .getBytes(StandardCharsets.US_ASCII);
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      try (SocketChannel stub = SocketChannel.open(server.getLocalAddress())) {
        SocketChannel channel = server.accept();
        new Thread(new WarmConnection(channel, application)::run).start();
        stub.write(
            ByteBuffer.allocate(4 + variables.length)
                .putInt(variables.length)
                .put(variables)
                .flip());
        assertThat(notes.poll(30, TimeUnit.SECONDS)).isEqualTo("interrupt true");
        stub.write(ByteBuffer.wrap("abc".getBytes(StandardCharsets.US_ASCII)));
        byte[] all = stub.socket().getInputStream().readAllBytes();
        assertThat(new String(all, StandardCharsets.ISO_8859_1))
            .startsWith("r")
            .contains("Status: 200 OK\r\n")
            .contains("\r\n\r\nabc")
            .endsWith("x\0\0\0\1\0");
      }
    }
  }
}
