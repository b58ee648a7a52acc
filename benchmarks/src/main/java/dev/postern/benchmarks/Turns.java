package dev.postern.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures the servers of a group in turns. The speed of a machine drifts by a third within a day,
 * so only turns that ran next to each other are compared.
 */
final class Turns {
  /** The length of one slice of a warm-up. */
  private static final double SLICE_SECONDS = 2;

  private final Options options;
  private final Servers servers;
  private final Client client;
  private final Results results;
  private final Progress progress;
  private int round;

  Turns(Options options, Servers servers, Client client, Results results, Progress progress) {
    this.options = options;
    this.servers = servers;
    this.client = client;
    this.results = results;
    this.progress = progress;
  }

  /**
   * Measures a group. A server that answers wrongly, or not at all, is left out from then on, and
   * the report gives the reason.
   */
  void measure(Group group) throws IOException, InterruptedException {
    Case asked = group.asked();
    List<Peer> able = new ArrayList<>();
    for (Peer peer : group.peers()) {
      if (succeeds(asked, peer, () -> warm(asked, peer))) {
        able.add(peer);
      }
    }
    Map<Peer, JvmCosts.Count> before = asked.isOfRequests() ? costs(able) : Map.of();
    Map<Peer, Long> requests = new HashMap<>();
    for (int i = 0; i < options.rounds(); i++, round++) {
      for (Peer peer : List.copyOf(able)) {
        boolean measured =
            succeeds(
                asked,
                peer,
                () -> {
                  Sample sample = client.measure(servers.get(peer), asked, options.seconds());
                  results.add(asked, peer, round, sample);
                  requests.merge(peer, sample.requests(), Long::sum);
                  progress.done(
                      asked.kind().seconds(options.seconds()),
                      "%s, %s: %s %s"
                          .formatted(asked.title(), peer.title(), sample, asked.kind().unit));
                });
        if (!measured) {
          able.remove(peer);
        }
      }
      // Change the order, so that each server runs next to each other server in some round.
      Collections.rotate(able, 1);
      if (i % 2 == 1) {
        Collections.reverse(able);
      }
    }
    costs(able)
        .forEach(
            (peer, after) -> {
              JvmCosts.Count start = before.get(peer);
              Long count = requests.get(peer);
              if (start != null && count != null) {
                results.addCosts(asked, peer, JvmCosts.PerRequest.between(start, after, count));
              }
            });
  }

  private void warm(Case asked, Peer peer) throws IOException, InterruptedException {
    RunningPeer server = servers.get(peer);
    client.check(server, asked);
    WarmUp warmUp = WarmUp.of(peer, asked, options.brief());
    while (!warmUp.isDone()) {
      double compiled = server.compilerSeconds();
      long start = System.nanoTime();
      double value = client.measure(server, asked, SLICE_SECONDS).value();
      double seconds = (System.nanoTime() - start) / 1e9;
      warmUp.add(seconds, value, server.compilerSeconds() - compiled);
    }
    progress.done(
        WarmUp.expected(peer, asked, options.brief()),
        asked.title() + ", " + peer.title() + ": " + warmUp);
  }

  private Map<Peer, JvmCosts.Count> costs(List<Peer> peers)
      throws IOException, InterruptedException {
    Map<Peer, JvmCosts.Count> counts = new HashMap<>();
    for (Peer peer : peers) {
      if (peer.isJvm()) {
        counts.put(peer, servers.costs(peer));
      }
    }
    return counts;
  }

  private interface Step {
    void run() throws IOException, InterruptedException;
  }

  private boolean succeeds(Case asked, Peer peer, Step step)
      throws IOException, InterruptedException {
    try {
      step.run();
      return true;
    } catch (IOException | IllegalArgumentException e) {
      String reason = String.valueOf(e.getMessage());
      progress.line("left out " + peer.name() + " for " + asked.name() + ": " + reason);
      results.skip(asked, peer, reason);
      servers.restart(peer);
      return false;
    }
  }
}
