package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.fastcgi.FastCgiApplication;
import java.io.ByteArrayInputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BodyPumpTest {
  @TempDir Path directory;

  @Test
  void serverThatDoesNotRead_doesNotKeepTheThread() throws Exception {
    Path socket = directory.resolve("s");
    try (ServerSocketChannel silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        FastCgiApplication application =
            FastCgiApplication.builder("unix:" + socket)
                .headerTimeout(Duration.ofMillis(200))
                .build()) {
      silent.bind(UnixDomainSocketAddress.of(socket));
      Ask ask = Ask.of("POST", "/").with("CONTENT_LENGTH", "1000000");
      ask.input(new ByteArrayInputStream(new byte[1_000_000])).to(application);
      assertThat(ask.status).isEqualTo(504);
      while (isPumping()) {
        LockSupport.parkNanos(1_000_000);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
      }
    }
  }

  private static boolean isPumping() {
    return Thread.getAllStackTraces().values().stream()
        .flatMap(Arrays::stream)
        .anyMatch(frame -> frame.getClassName().equals(BodyPump.class.getName()));
  }
}
