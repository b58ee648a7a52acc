package dev.postern.fastcgi;

import static dev.postern.fastcgi.RawWebServer.bytes;
import static dev.postern.fastcgi.RawWebServer.variables;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.Records;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Connections that break the protocol, or stop in the middle, leave nothing behind. {@link
 * OpenFiles} tells the long form.
 */
@Timeout(600)
class BadRecordsTest {
  private static final int PLACES = 8;

  /** Held, so that its level stays. */
  private static final Logger LOG = Logger.getLogger("dev.postern.fastcgi");

  @Test
  void badRecords_leaveNothing() throws Exception {
    Application application =
        Application.of(
            environ -> {
              int length = environ.input().readAllBytes().length;
              return Response.of(
                  200, Headers.of("Content-Type", "text/plain"), Body.of("" + length));
            });
    Level level = LOG.getLevel();
    LOG.setLevel(Level.OFF);
    Path socket = Files.createTempDirectory("postern-bad").resolve("s");
    try (FastCgiGateway tcp = open(application, "127.0.0.1:0");
        FastCgiGateway unix = open(application, "unix:" + socket)) {
      send(List.of(tcp, unix), PLACES * 4, 1);
      OpenFiles before = OpenFiles.now();
      send(List.of(tcp, unix), OpenFiles.BAD_PEERS, 2);
      assertAllPlacesAnswer(tcp);
      assertAllPlacesAnswer(unix);
      before.awaitAgain("two gateways", 4 * PLACES);
    } finally {
      LOG.setLevel(level);
      Files.delete(socket.getParent());
    }
  }

  private static FastCgiGateway open(Application application, String address) throws IOException {
    return FastCgiGateway.builder(application)
        .listen(address)
        .maxConnections(PLACES)
        .maxRequests(PLACES)
        .open();
  }

  /** Each place is free: as many as there are answer at the same time. */
  private static void assertAllPlacesAnswer(FastCgiGateway gateway) throws IOException {
    RawWebServer[] all = new RawWebServer[PLACES];
    for (int i = 0; i < PLACES; i++) {
      all[i] = RawWebServer.connect(gateway);
      all[i].begin(1, true).params(1, variables("POST", "/x", "CONTENT_LENGTH", "3"));
    }
    for (RawWebServer one : all) {
      assertThat(one.stdin(1, "abc").stdinEnd(1).answer(1).body()).isEqualTo("3");
      one.close();
    }
  }

  /**
   * From as many threads as there are places: over TCP a cut response takes a tenth of a second.
   */
  private static void send(List<FastCgiGateway> gateways, int count, int seed) throws Exception {
    List<byte[]> table = table();
    AtomicInteger next = new AtomicInteger();
    ExecutorService senders = Executors.newFixedThreadPool(PLACES);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < PLACES; i++) {
        Random random = new Random(seed * PLACES + i);
        all.add(
            senders.submit(
                () -> {
                  for (int n = next.getAndIncrement(); n < count; n = next.getAndIncrement()) {
                    FastCgiGateway gateway = gateways.get(random.nextInt(gateways.size()));
                    send(gateway, table.get(n % table.size()), random);
                  }
                }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    } finally {
      senders.shutdownNow();
    }
    assertThat(senders.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
  }

  /** As it is, cut somewhere, or with one byte changed. */
  private static void send(FastCgiGateway gateway, byte[] good, Random random) {
    byte[] bytes = good.clone();
    if (random.nextInt(3) == 0) {
      bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
    } else if (random.nextInt(3) == 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
    }
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.send(bytes);
      server.endOutput();
      while (true) {
        server.next();
        server.content();
      }
    } catch (IOException e) {
      // The gateway has closed it, which may be before all was sent.
    }
  }

  private static List<byte[]> table() {
    byte[] begin = bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 0);
    byte[] pairs = NameValuePairs.encode(variables("POST", "/x", "CONTENT_LENGTH", "1000"));
    byte[] params = bytes(Records.PARAMS, 1, pairs, 3);
    byte[] paramsEnd = bytes(Records.PARAMS, 1, new byte[0], 0);
    byte[] some = bytes(Records.STDIN, 1, new byte[100], 0);
    byte[] huge = {-1, -1, -1, -1, -1, -1, -1, -1, 'x'};
    return List.of(
        all(new byte[] {2, 1, 0, 1, 0, 8, 0, 0}, new byte[8]),
        all(bytes(Records.BEGIN_REQUEST, 1, new byte[3], 0)),
        all(begin, bytes(Records.PARAMS, 1, huge, 0), paramsEnd),
        all(begin, some),
        all(begin, params),
        all(begin, params, paramsEnd, some),
        all(begin, params, paramsEnd, begin),
        all(begin, params, paramsEnd, bytes(Records.ABORT_REQUEST, 1, new byte[0], 0)),
        all(begin, params, paramsEnd, bytes(Records.STDIN, 1, new byte[2000], 0)),
        all(bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 9, 1, 0, 0, 0, 0, 0}, 0)),
        all(bytes(Records.BEGIN_REQUEST, 0, new byte[8], 0)),
        all(bytes(Records.GET_VALUES, 0, huge, 0)),
        all(bytes(99, 0, new byte[10], 6)),
        all(bytes(Records.STDIN, 7, new byte[10], 0), begin),
        all("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
  }

  private static byte[] all(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
