package dev.postern.cgi.install;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;

class WarmFramesTest {
  @Test
  void errorsOfAnInterruptedThread_areSent_andItsAnswerCanFollow() throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      try (SocketChannel stub = SocketChannel.open(server.getLocalAddress());
          SocketChannel channel = server.accept()) {
        WarmFrames frames = new WarmFrames(channel);
        Thread.currentThread().interrupt();
        frames.errors().write('x');
        assertThat(Thread.interrupted()).isTrue();
        frames.output().exit(0);

        ByteBuffer sent = ByteBuffer.allocate(6);
        while (sent.hasRemaining()) {
          assertThat(stub.read(sent)).isPositive();
        }
        assertThat(sent.array()).containsExactly('e', 0, 0, 0, 1, 'x');
        assertThat(channel.isOpen()).isTrue();
      }
    }
  }
}
