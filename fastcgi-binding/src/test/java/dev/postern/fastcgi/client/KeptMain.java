package dev.postern.fastcgi.client;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A JVM with a kept server: {@code KeptMain FILE}. The server writes its pid into the file. */
final class KeptMain {
  private static final String SERVER =
      "open(F, '>', shift); print F \"$$\\n\"; close F; while (accept(my $c, STDIN)) { push @a, $c }";

  private KeptMain() {}

  public static void main(String[] args) throws Exception {
    KeptServers servers =
        new KeptServers(List.of("/usr/bin/perl", "-e", SERVER, args[0]), Map.of(), Path.of("/"), 1);
    Upstreams upstreams = Upstreams.of(servers, Duration.ofSeconds(30));
    Thread request = new Thread(() -> take(upstreams));
    request.start();
    request.join();
    System.out.println("ready");
    // Ends with the test at the latest.
    System.in.read();
  }

  private static void take(Upstreams upstreams) {
    try {
      upstreams.take(false, Set.of());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
