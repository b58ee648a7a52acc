package dev.postern.warm;

import static dev.postern.warm.NoRoomTest.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.cgi.server.Tools;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A script that cannot be loaded is tried again, as a module that it lacks may be installed. */
@Timeout(60)
class RetryTest {
  @TempDir Path directory;
  private final AtomicLong later = new AtomicLong();

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void missingModule_isFoundWhenItIsInstalled(boolean reuse) throws Exception {
    String perl = Tools.require("perl");
    Path script =
        Files.writeString(
            directory.resolve("p.pl"), "#!" + perl + "\nuse lib '" + directory + "'; use Later;\n");
    await(() -> !Stamp.of(script).isChangedSince(Stamp.now()));
    WarmRequest request = NoRoomTest.request(script);
    String why = reuse ? "it cannot be compiled: Can't locate Later.pm" : "it ends while it loads";
    try (ScriptPool pool =
        new ScriptPool(
            NoRoomTest.options(reuse),
            event -> {},
            new ScheduledThreadPoolExecutor(1),
            () -> System.nanoTime() + later.get())) {
      await(() -> cold(pool, request).startsWith(why));
      Path module = Files.writeString(directory.resolve("Later.pm"), "package Later; 1;\n");
      await(() -> !Stamp.of(module).isChangedSince(Stamp.now()));
      later.set(Duration.ofMinutes(9).toNanos());
      for (int i = 0; i < 5; i++) {
        assertThat(cold(pool, request)).startsWith(why);
      }

      later.set(Duration.ofMinutes(11).toNanos());
      assertThat(cold(pool, request)).isEqualTo("it is loading");
      await(() -> List.copyOf(pool.status()).get(0).state().equals("ready"));
    }
  }

  private static String cold(ScriptPool pool, WarmRequest request) {
    try {
      return pool.start(request).cold();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
