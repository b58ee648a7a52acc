package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Clients that make requests beside each other. */
final class Clients {
  private Clients() {}

  /** One request, known by its number. */
  interface Request {
    void make(int number) throws Exception;
  }

  /**
   * Makes the requests {@code from} up to and without {@code to}, each by the first client that is
   * free. Throws what the first that failed has thrown.
   */
  static void run(int clients, int from, int to, Request request) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(clients);
    AtomicInteger next = new AtomicInteger(from);
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      all.add(
          threads.submit(
              () -> {
                for (int n = next.getAndIncrement(); n < to; n = next.getAndIncrement()) {
                  request.make(n);
                }
                return null;
              }));
    }
    try {
      for (Future<?> client : all) {
        client.get();
      }
    } finally {
      threads.shutdownNow();
      assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    }
  }
}
