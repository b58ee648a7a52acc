package dev.postern.fastcgi.front;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.GatewayClient.Conversation;
import dev.postern.testing.HttpGatewayClient;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Gateways on machines of their own behind HAProxy and nginx, as docs/scale-out.md has them, under
 * load: one is killed, one added, one stopped.
 */
@Timeout(180)
class ScaleOutTest {
  private static final int MACHINES = 4;
  private static final String PAGE = "scale-out.md";
  private static final int STREAM = GatewayMain.BLOCKS * GatewayMain.BLOCK;

  @Test
  void haproxy_losesNoRequest() throws Exception {
    String block = Documented.block(PAGE, "haproxy", "fcgi-app");
    losesNoRequest(hosts -> Documented.haproxy(at(block, hosts), "127.0.0.1:9000"));
  }

  @Test
  void nginx_losesNoRequest() throws Exception {
    String block = Documented.block(PAGE, "nginx", "upstream hello");
    losesNoRequest(hosts -> Documented.nginx(at(block, hosts), "127.0.0.1:9000"));
  }

  private static String at(String block, Hosts hosts) {
    String text = block;
    for (int i = 0; i < MACHINES; i++) {
      text = text.replace("192.0.2." + (11 + i), hosts.address(i));
    }
    assertThat(text).doesNotContain("192.0.2");
    return text;
  }

  /** A web server's configuration for gateways on machines. */
  private interface Front {
    FrontServer.Setup of(Hosts hosts);
  }

  private static void losesNoRequest(Front front) throws Exception {
    try (Hosts hosts = Hosts.open(MACHINES);
        Gateways gateways = new Gateways(hosts)) {
      for (int i = 0; i < 3; i++) {
        gateways.start(i);
      }
      for (int i = 0; i < 3; i++) {
        gateways.awaitReady(i);
      }
      try (FrontServer server = FrontServer.start(front.of(hosts));
          Load load = new Load(server.port())) {
        load.awaitAnswers("0", 5);
        load.awaitAnswers("1", 5);
        load.awaitAnswers("2", 5);

        Conversation cut = load.longBy("0");
        gateways.kill(0);
        TestResponse part = cut.finish();
        assertThat(part.isComplete()).as("response of a killed gateway is whole").isFalse();
        load.awaitAnswers(null, 100);
        List<Load.Failure> failures = load.failures();
        // A failed one had begun, and a client sees that it is cut: 8 run at once.
        assertThat(failures).as(server.log()).hasSizeLessThanOrEqualTo(Load.CLIENTS);
        assertThat(failures)
            .as(server.log())
            .allSatisfy(
                failure -> {
                  assertThat(failure.gateway()).isEqualTo("0");
                  assertThat(failure.target()).isEqualTo("/streamed");
                });

        gateways.start(3);
        load.awaitAnswers("3", 20);
        assertThat(load.failures()).as(server.log()).isEmpty();

        Conversation finished = load.longBy("1");
        gateways.stop(1);
        TestResponse whole = finished.finish();
        assertThat(whole.isComplete()).isTrue();
        assertThat(whole.body()).hasSize(GatewayMain.LONG_BLOCKS * GatewayMain.BLOCK - 1);
        // As a JVM ends by SIGTERM after its hooks.
        assertThat(gateways.exit(1)).isEqualTo(143);
        load.awaitAnswers("2", 20);
        load.awaitAnswers("3", 20);
        load.end();
        assertThat(load.failures()).as(server.log()).isEmpty();
      }
    }
  }

  /** Gateways as processes, one a machine. */
  private static final class Gateways implements Closeable {
    private final Hosts hosts;
    private final Path directory;
    private final Map<Integer, Process> running = new ConcurrentHashMap<>();

    Gateways(Hosts hosts) throws IOException {
      this.hosts = hosts;
      this.directory = Files.createTempDirectory("postern-gateways");
    }

    void start(int i) throws IOException {
      List<String> java = new ArrayList<>();
      java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      java.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xmx64m", "-Xshare:auto"));
      java.addAll(List.of("-cp", System.getProperty("java.class.path")));
      java.addAll(List.of(GatewayMain.class.getName(), "" + i, hosts.address(i) + ":9000"));
      Process process =
          new ProcessBuilder(hosts.on(i, java))
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve(i + ".txt").toFile())
              .start();
      running.put(i, process);
    }

    void awaitReady(int i) throws Exception {
      while (true) {
        assertThat(running.get(i).isAlive()).as(() -> said(i)).isTrue();
        try (Socket socket = new Socket()) {
          socket.connect(new InetSocketAddress(hosts.address(i), 9000), 1000);
          return;
        } catch (IOException e) {
          Thread.sleep(20);
        }
      }
    }

    private String said(int i) {
      try {
        return Files.readString(directory.resolve(i + ".txt"));
      } catch (IOException e) {
        return e.toString();
      }
    }

    void kill(int i) throws InterruptedException {
      running.get(i).destroyForcibly().waitFor();
    }

    void stop(int i) {
      running.get(i).destroy();
    }

    int exit(int i) throws InterruptedException {
      assertThat(running.get(i).waitFor(40, TimeUnit.SECONDS)).as("gateway ends").isTrue();
      return running.get(i).exitValue();
    }

    @Override
    public void close() throws IOException {
      try {
        for (Process process : running.values()) {
          process.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      FrontServer.delete(directory);
    }
  }

  /** Clients that ask on and on: six for a quick response, two for a streamed one. */
  private static final class Load implements Closeable {
    static final int CLIENTS = 8;
    private final HttpGatewayClient client;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();
    private final AtomicInteger all = new AtomicInteger();
    private final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean ending;

    /** A request without its whole response. */
    record Failure(String target, String gateway, String what) {}

    Load(int port) {
      client = HttpGatewayClient.of(port).waiting(Duration.ofSeconds(20));
      for (int i = 0; i < CLIENTS; i++) {
        String target = i < 6 ? "/quick" : "/streamed";
        Thread thread = new Thread(() -> ask(target), "load-" + i);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
      }
    }

    private void ask(String target) {
      int length = target.equals("/quick") ? 6 : STREAM;
      while (!ending) {
        try {
          TestResponse response = client.send(TestRequest.get(target));
          String gateway = String.valueOf(response.header("Gateway"));
          boolean whole = response.isComplete() && response.body().length == length;
          if (response.status() != 200 || !whole) {
            failures.add(new Failure(target, gateway, response.toString()));
          }
          answers.computeIfAbsent(gateway, name -> new AtomicInteger()).incrementAndGet();
        } catch (IOException e) {
          failures.add(new Failure(target, "none", e.toString()));
        }
        all.incrementAndGet();
      }
    }

    private int count(String gateway) {
      AtomicInteger count = gateway == null ? all : answers.get(gateway);
      return count == null ? 0 : count.get();
    }

    /** Waits for so many more answers of a gateway, or of all. */
    void awaitAnswers(String gateway, int more) throws InterruptedException {
      int enough = count(gateway) + more;
      while (count(gateway) < enough) {
        Thread.sleep(5);
      }
    }

    /** A response of that gateway whose first byte was read. */
    Conversation longBy(String gateway) throws IOException {
      while (true) {
        Conversation conversation = client.open(TestRequest.get("/long"));
        assertThat(conversation.status()).isEqualTo(200);
        byte[] first = conversation.read(1);
        if (gateway.equals(new String(first, StandardCharsets.US_ASCII))) {
          return conversation;
        }
        conversation.close();
      }
    }

    List<Failure> failures() {
      List<Failure> taken = new ArrayList<>();
      for (Failure one = failures.poll(); one != null; one = failures.poll()) {
        taken.add(one);
      }
      return taken;
    }

    void end() throws InterruptedException {
      ending = true;
      for (Thread thread : threads) {
        thread.join();
      }
    }

    @Override
    public void close() {
      ending = true;
    }
  }
}
