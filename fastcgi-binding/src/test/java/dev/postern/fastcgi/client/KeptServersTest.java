package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that this process starts, here of a program that only accepts connections. */
@Timeout(30)
class KeptServersTest {
  private static final List<String> ACCEPT =
      List.of("/usr/bin/perl", "-e", "while (accept(my $c, STDIN)) { push @all, $c }");

  @TempDir Path directory;

  private KeptServers servers(int count, Map<String, String> variables) {
    return new KeptServers(ACCEPT, variables, directory, count);
  }

  @Test
  void busyServer_getsNoSecondConnection() throws Exception {
    try (Upstreams upstreams = Upstreams.of(servers(1, Map.of()), Duration.ofSeconds(30))) {
      ServerConnection first = upstreams.take(false, Set.of());
      assertThatThrownBy(() -> upstreams.take(false, Set.of()))
          .isInstanceOf(GatewayException.class)
          .hasMessageContaining("all are busy");
      first.upstream().giveBack(first);
      first.upstream().end();
      assertThat(upstreams.take(false, Set.of())).isSameAs(first);
    }
  }

  @Test
  void startOfAServer_keepsNobodyElseWaiting() throws Exception {
    Path started = directory.resolve("started");
    Path go = directory.resolve("go");
    Files.writeString(
        directory.resolve("Gate.pm"),
        "open(F, '>" + started + "'); select(undef, undef, undef, 0.005) until -e '" + go + "'; 1");
    KeptServers servers = servers(1, Map.of("PERL5OPT", "-I" + directory + " -MGate"));
    try (Upstreams upstreams = Upstreams.of(servers, Duration.ofSeconds(30))) {
      FutureTask<ServerConnection> taking = new FutureTask<>(() -> upstreams.take(false, Set.of()));
      new Thread(taking).start();
      while (!Files.exists(started)) {
        Thread.sleep(1);
      }
      Upstream server = servers.all().get(0);
      assertThat(server.active()).isEqualTo(1);
      assertThat(server.isDown(System.nanoTime(), 1)).isFalse();
      assertThat(upstreams.toString()).startsWith("unix:");
      assertThat(taking.isDone()).isFalse();
      Files.createFile(go);
      assertThat(taking.get(30, TimeUnit.SECONDS).upstream()).isSameAs(server);
    }
  }

  @Test
  void connectionThatTheServerHasClosed_isForgotten() throws Exception {
    KeptServers servers =
        new KeptServers(
            List.of("/usr/bin/perl", "-e", "close(C) while accept(C, STDIN)"),
            Map.of(),
            directory,
            1);
    try (Upstreams upstreams = Upstreams.of(servers, Duration.ofSeconds(30))) {
      WeakReference<ServerConnection> first = takeAndGiveBack(upstreams);
      assertThat(takeAndGiveBack(upstreams)).isNotNull();
      while (first.get() != null) {
        System.gc();
        Thread.sleep(1);
      }
    }
  }

  private static WeakReference<ServerConnection> takeAndGiveBack(Upstreams upstreams)
      throws Exception {
    ServerConnection connection = upstreams.take(false, Set.of());
    while (!connection.isStale()) {
      Thread.sleep(1);
    }
    connection.upstream().giveBack(connection);
    connection.upstream().end();
    return new WeakReference<>(connection);
  }
}
