package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Bodies that move while the other side still works on them, both ways. */
abstract class StreamingContract extends ContainerContract {
  private static final int SECONDS = 30;

  StreamingContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  private static final Application ECHO =
      (environ, startResponse) -> {
        startResponse.start(200, Headers.of("Content-Type", "application/octet-stream"));
        return Body.of(environ.input());
      };

  // ---- responses ----

  @Test
  void flushedBytes_areAtTheClientBeforeMoreAreProduced() throws Exception {
    CountDownLatch received = new CountDownLatch(1);
    assertStreamed(
        Body.writing(
            out -> {
              out.write('1');
              out.flush();
              await(received);
              out.write('2');
            }),
        received);
  }

  @Test
  void blockOfAnIterator_isAtTheClientBeforeTheNextIsAskedFor() throws Exception {
    CountDownLatch received = new CountDownLatch(1);
    Iterator<ByteBuffer> blocks =
        new Iterator<>() {
          private int count;

          @Override
          public boolean hasNext() {
            if (count == 1) {
              await(received);
            }
            return count < 2;
          }

          @Override
          public ByteBuffer next() {
            count++;
            return ByteBuffer.wrap(new byte[] {(byte) ('0' + count)});
          }
        };
    assertStreamed(() -> blocks, received);
  }

  private void assertStreamed(Body body, CountDownLatch received) throws Exception {
    int port = start(ResponseContract.body(body));
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/")).head("GET");
      assertThat(client.block()).containsExactly('1');
      received.countDown();
      assertThat(client.block()).containsExactly('2');
      assertThat(client.block()).isEmpty();
    }
  }

  @Test
  void flush_sendsTheHeadAlone() throws Exception {
    CountDownLatch received = new CountDownLatch(1);
    int port =
        start(
            ResponseContract.body(
                Body.writing(
                    out -> {
                      out.flush();
                      await(received);
                      out.write('1');
                    })));
    try (RawClient client = new RawClient(port)) {
      assertThat(client.send(RawClient.request("GET", "/")).head("GET").status()).isEqualTo(200);
      received.countDown();
      assertThat(client.block()).containsExactly('1');
    }
  }

  /** A hosted program may take its time to end; its answer is there all the same. */
  @Test
  void response_endsBeforeItsBodyIsClosed() throws Exception {
    CountDownLatch received = new CountDownLatch(1);
    int port =
        start(
            ResponseContract.body(
                new Body() {
                  @Override
                  public Iterator<ByteBuffer> iterator() {
                    return ResponseContract.iterated("1", "2").iterator();
                  }

                  @Override
                  public void close() {
                    await(received);
                  }
                }));
    try (RawClient client = new RawClient(port)) {
      RawResponse response = client.send(RawClient.request("GET", "/")).response("GET");
      assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
      assertThat(response.text()).isEqualTo("12");
      received.countDown();
    }
  }

  @Test
  void requests_areAnsweredAtTheSameTime() throws Exception {
    CyclicBarrier together = new CyclicBarrier(2);
    int port =
        start(
            (environ, startResponse) -> {
              assertThat(environ.get("postern.multithread")).isEqualTo(true);
              together.await(SECONDS, TimeUnit.SECONDS);
              return DUMP.call(environ, startResponse);
            });
    FutureTask<RawResponse> other = new FutureTask<>(() -> RawClient.get(port, "/other"));
    new Thread(other, "other client").start();
    assertThat(variables(port, "/one")).containsEntry("PATH_INFO", "/one");
    assertThat(variables(other.get())).containsEntry("PATH_INFO", "/other");
  }

  // ---- requests ----

  @Test
  void upload_isEchoedWhileItIsSent() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/", "Content-Length: 2")).send("1");
      client.head("POST");
      assertThat(client.block()).containsExactly('1');
      client.send("2");
      assertThat(client.block()).containsExactly('2');
      assertThat(client.block()).isEmpty();
    }
  }

  @Test
  void largeUpload_comesBackWhole() throws Exception {
    int size = 10 * 1024 * 1024;
    byte[] block = new byte[64 * 1024];
    for (int i = 0; i < block.length; i++) {
      block[i] = (byte) (i * 31 + i / 251);
    }
    int port = start(ECHO);
    for (boolean chunked : new boolean[] {false, true}) {
      try (RawClient client = new RawClient(port)) {
        String framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: " + size;
        client.send(RawClient.request("POST", "/", framing));
        FutureTask<byte[]> sending =
            new FutureTask<>(
                () -> {
                  MessageDigest sent = MessageDigest.getInstance("SHA-256");
                  for (int i = 0; i < size; i += block.length) {
                    sent.update(block);
                    if (chunked) {
                      client.sendChunk(block);
                    } else {
                      client.send(block);
                    }
                  }
                  if (chunked) {
                    client.sendChunk(new byte[0]);
                  }
                  return sent.digest();
                });
        new Thread(sending, "upload").start();
        RawResponse response = client.response("POST");
        assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
        assertThat(response.body()).hasSize(size);
        assertThat(MessageDigest.getInstance("SHA-256").digest(response.body()))
            .isEqualTo(sending.get());
      }
    }
  }

  @Test
  void s34_chunkedUpload_endsWithItsLastChunk() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/", "Transfer-Encoding: chunked"));
      client.send("3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
      assertThat(client.response("POST").text()).isEqualTo("abcde");
      assertThat(client.send(RawClient.request("GET", "/")).response("GET").text()).isEmpty();
    }
  }

  @Test
  void upload_endsAtItsContentLength() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/", "Content-Length: 3") + "abc");
      client.send(RawClient.request("POST", "/", "Content-Length: 2") + "de");
      assertThat(client.response("POST").text()).isEqualTo("abc");
      assertThat(client.response("POST").text()).isEqualTo("de");
    }
  }

  @Test
  void h31_attackG02_brokenOffUpload_neverLooksWhole() throws Exception {
    BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    int port =
        start(
            (environ, startResponse) -> {
              try {
                seen.add(environ.input().readAllBytes().length);
              } catch (IOException e) {
                seen.add(e);
                throw e;
              }
              startResponse.start(200, Headers.of());
              return Body.empty();
            });
    for (String upload :
        new String[] {
          "Content-Length: 10\r\n\r\n12345", "Transfer-Encoding: chunked\r\n\r\n5\r\n12"
        }) {
      try (RawClient client = new RawClient(port)) {
        client.send("POST / HTTP/1.1\r\nHost: x\r\n" + upload).endOutput();
        assertThat(seen.poll(SECONDS, TimeUnit.SECONDS)).as(upload).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void malformedChunk_is400AndNoFailureOfTheApplication() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/", "Transfer-Encoding: chunked") + "zz\r\nabc\r\n");
      if (server == Server.UNDERTOW) {
        // It closes the connection before the application can say anything.
        assertThat(client.isClosed()).isTrue();
      } else {
        assertThat(client.response("POST").status()).isEqualTo(400);
      }
      assertThat(logs.lines()).noneMatch(line -> line.contains("Exchange.run"));
    }
  }

  /** Tomcat answers a broken body itself. */
  @Test
  void attackC16_brokenBody_showsTheClientNoStack() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              byte[] read = environ.input().readAllBytes();
              startResponse.start(200, Headers.of());
              return Body.of(read);
            });
    for (String upload :
        new String[] {
          "Content-Length: 10\r\n\r\n12345",
          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\na=b",
          "Transfer-Encoding: chunked\r\n\r\n5\r\n12",
          "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"
        }) {
      try (RawClient client = new RawClient(port)) {
        client.send("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + upload).endOutput();
        if (server == Server.UNDERTOW && upload.startsWith("Transfer")) {
          // It closes the connection before the application can say anything.
          assertThat(client.isClosed()).isTrue();
        } else {
          RawResponse response = client.response("POST");
          assertThat(response.status()).as(upload).isEqualTo(400);
          assertThat(response.text()).as(upload).doesNotContain("Exception", ".java");
        }
      }
    }
  }

  // ---- bodies that nobody reads ----

  private static final Application REFUSING =
      (environ, startResponse) -> {
        if (environ.contentLength() > 0) {
          throw new GatewayException(413, "request body must be small");
        }
        return DUMP.call(environ, startResponse);
      };

  @Test
  void h21_expectContinue_refusedWithoutReading() throws Exception {
    int port = start(REFUSING);
    for (String type : List.of("text/plain", "application/x-www-form-urlencoded")) {
      try (RawClient client = new RawClient(port)) {
        client.send(
            RawClient.request(
                "POST", "/", "Content-Length: 9", "Content-Type: " + type, "Expect: 100-continue"));
        RawResponse first = client.head("POST");
        if (server == Server.TOMCAT) {
          // continueResponseTiming of its connector is "immediately"
          assertThat(first.status()).isEqualTo(100);
          first = client.head("POST");
        }
        assertThat(first.status()).isEqualTo(413);
      }
    }
  }

  /** The gateway itself reads nothing of a form before the application is called. */
  @Test
  void form_isRefusedByItsHead() throws Exception {
    ServletGateway servlet =
        ServletGateway.builder(
                (environ, startResponse) -> {
                  throw new GatewayException(404, "nothing is here");
                })
            .maxBody(10)
            .build();
    int port = start(Deployment.at("").servlet(servlet, "/*"));
    for (Map.Entry<Integer, Integer> row : Map.of(9, 404, 11, 413).entrySet()) {
      try (RawClient client = new RawClient(port)) {
        client.send(
            RawClient.request(
                "POST",
                "/",
                "Content-Length: " + row.getKey(),
                "Content-Type: multipart/form-data; boundary=b"));
        assertThat(client.head("POST").status()).isEqualTo(row.getValue());
      }
    }
  }

  @Test
  void h21_expectContinue_continuesWhenTheBodyIsRead() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("POST", "/", "Content-Length: 3", "Expect: 100-continue"));
      assertThat(client.head("POST").status()).isEqualTo(100);
      client.send("abc");
      assertThat(client.response("POST").text()).isEqualTo("abc");
    }
  }

  @Test
  void attackG03_unreadBodyIsNeverTheNextRequest() throws Exception {
    AtomicInteger smuggled = new AtomicInteger();
    int port =
        start(
            (environ, startResponse) -> {
              if (environ.pathInfo().equals("/smuggled")) {
                smuggled.incrementAndGet();
              }
              return REFUSING.call(environ, startResponse);
            });
    String inner = RawClient.request("GET", "/smuggled");
    for (int size : new int[] {inner.length(), 1024 * 1024}) {
      try (RawClient client = new RawClient(port)) {
        byte[] body =
            (inner + "x".repeat(size)).substring(0, size).getBytes(StandardCharsets.US_ASCII);
        client.send(RawClient.request("POST", "/", "Content-Length: " + size));
        FutureTask<Void> sending =
            new FutureTask<>(
                () -> {
                  client.send(body).send(RawClient.request("GET", "/next"));
                  return null;
                });
        new Thread(sending, "unread body").start();
        assertThat(client.response("POST").status()).isEqualTo(413);
        try {
          assertThat(variables(client.response("GET"))).containsEntry("PATH_INFO", "/next");
        } catch (IOException e) {
          // The connection was closed: just as good.
          assertThat(client.isClosed()).isTrue();
        }
      }
    }
    assertThat(smuggled).hasValue(0);
  }

  @Test
  void connection_isKeptThroughManyRequests() throws Exception {
    int port = start(ECHO);
    try (RawClient client = new RawClient(port)) {
      for (int i = 0; i < 50; i++) {
        String body = "body " + i;
        client.send(RawClient.request("POST", "/", "Content-Length: " + body.length()) + body);
        assertThat(client.response("POST").text()).isEqualTo(body);
      }
    }
  }

  @Test
  void input_isEmptyWithoutABody() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              InputStream input = environ.input();
              startResponse.start(200, Headers.of());
              return Body.of(input.available() + " " + input.read() + " " + input.read());
            });
    assertThat(RawClient.get(port, "/").text()).isEqualTo("0 -1 -1");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(SECONDS, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
