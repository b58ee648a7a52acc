package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.GatewayException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that this process starts, here of a program that only accepts connections. */
@Timeout(60)
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
}
