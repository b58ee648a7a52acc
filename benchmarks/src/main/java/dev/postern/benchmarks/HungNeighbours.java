package dev.postern.benchmarks;

import dev.postern.Application;
import dev.postern.cgi.CgiDirectory;
import dev.postern.cgi.ProcessLimit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Measures how long a program's requests take while another program hangs. The hung runs hold all
 * places of that program, that is, all processes that it may have at once. More requests wait for
 * these places.
 */
final class HungNeighbours {
  private static final int PLACES = 8;
  private static final int HUNG_PLACES = 6;
  private static final int HUNG_CLIENTS = 12;

  private final ProcessLimit limit = ProcessLimit.of(PLACES);
  private final Application app;
  private final Set<Direct> hung = ConcurrentHashMap.newKeySet();
  private volatile boolean ending;

  /** The directory must have the programs {@code good} and {@code hung}. */
  HungNeighbours(Path directory) throws IOException {
    app =
        CgiDirectory.builder(directory)
            .limit(limit)
            .programLimit(HUNG_PLACES)
            .headerTimeout(Duration.ofHours(1))
            .build();
  }

  /** Returns the 99th percentile of the request time in ms while no program hangs. */
  double idle(double seconds) throws IOException {
    return p99(seconds);
  }

  /** Returns the same figure while the other program hangs. */
  double beside(double seconds) throws IOException, InterruptedException {
    ending = false;
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < HUNG_CLIENTS; i++) {
      Thread client = new Thread(this::hang);
      client.start();
      clients.add(client);
    }
    try {
      while (limit.available() > PLACES - HUNG_PLACES) {
        Thread.sleep(10);
      }
      return p99(seconds);
    } finally {
      ending = true;
      for (Thread client : clients) {
        // A client that waited for a place may get one only now, so cancel until all have ended.
        while (client.isAlive()) {
          hung.forEach(Direct::cancel);
          client.join(100);
        }
      }
    }
  }

  private void hang() {
    while (!ending) {
      Direct request = new Direct("/hung");
      hung.add(request);
      request.to(app);
      hung.remove(request);
    }
  }

  private double p99(double seconds) throws IOException {
    List<Double> millis = new ArrayList<>();
    long start = System.nanoTime();
    long before = start;
    while (before - start < seconds * 1e9) {
      if (new Direct("/good").to(app) != 200) {
        throw new IOException("the other program must be served");
      }
      long now = System.nanoTime();
      millis.add((now - before) / 1e6);
      before = now;
    }
    double[] sorted = millis.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[Math.min(sorted.length - 1, sorted.length * 99 / 100)];
  }

  @Override
  public String toString() {
    return "%d places, %d of them for any one program; %d clients ask for the one that hangs"
        .formatted(PLACES, HUNG_PLACES, HUNG_CLIENTS);
  }
}
