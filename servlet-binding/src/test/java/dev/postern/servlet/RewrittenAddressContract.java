package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Something puts another address in the place of the connection's own, behind a proxy. */
@EnabledOnOs(OS.LINUX)
abstract class RewrittenAddressContract extends ContainerContract {
  static final String CLIENT = "203.0.113.9";

  /** What a proxy sends before a request of somebody else, and before one of its own. */
  record Preamble(String proxied, String direct) {
    static final Preamble NONE = new Preamble("", "");

    /** Version 1 of HAProxy's protocol. */
    static final Preamble PROXY_PROTOCOL =
        new Preamble("PROXY TCP4 " + CLIENT + " 192.0.2.1 51234 80\r\n", "PROXY UNKNOWN\r\n");
  }

  private final Preamble preamble;
  private final String[] headers;
  private final CountDownLatch done = new CountDownLatch(1);
  private ClientWatch watch;

  /** {@code headers} are those that a proxy adds to a request of {@link #CLIENT}. */
  RewrittenAddressContract(
      Server server, Container.Starter starter, Preamble preamble, String... headers) {
    super(server, starter);
    this.preamble = preamble;
    this.headers = headers;
  }

  @BeforeEach
  void openWatch() {
    watch = ClientWatch.acquire();
  }

  @AfterEach
  void releaseWatch() {
    ClientWatch.release();
  }

  /** The direct request shows the watch that addresses of this port are those of connections. */
  @Test
  void r18_proxiedRequest_isNoReset_afterASlowDirectOne() throws Exception {
    int port =
        start(
            Deployment.at("")
                .application(
                    (environ, startResponse) -> {
                      if (environ.pathInfo().equals("/direct")) {
                        await(environ, () -> done.getCount() == 0);
                      } else {
                        await(environ, () -> watch.size() == 2);
                        await(environ, () -> watch.size() == 1);
                      }
                      startResponse.start(200, Headers.of("Content-Type", "text/plain"));
                      return Body.of(environ.variable("REMOTE_ADDR"));
                    },
                    "/*"));
    try (RawClient direct = new RawClient(port);
        RawClient proxied = new RawClient(port)) {
      direct.send(preamble.direct() + RawClient.request("GET", "/direct"));
      proxied.send(preamble.proxied() + RawClient.request("GET", "/proxied", headers));
      RawResponse response = proxied.response("GET");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.text()).isEqualTo(CLIENT);
      done.countDown();
      response = direct.response("GET");
      assertThat(response.status()).isEqualTo(200);
      assertThat(response.text()).isEqualTo("127.0.0.1");
    }
  }

  /** The watch has both requests, and soon only the one whose connection it finds. */
  private static void await(Environ environ, BooleanSupplier condition) throws Exception {
    long start = System.nanoTime();
    while (!environ.isCancelled() && !condition.getAsBoolean()) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }
}
