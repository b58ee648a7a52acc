package dev.postern.fastcgi;

import static dev.postern.fastcgi.RawWebServer.bytes;
import static dev.postern.fastcgi.RawWebServer.variables;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.Lint;
import dev.postern.Outcome;
import dev.postern.fastcgi.RawWebServer.Answer;
import dev.postern.fastcgi.wire.NameValuePairs;
import dev.postern.fastcgi.wire.RecordHeader;
import dev.postern.fastcgi.wire.Records;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** F02 to F25 and the attacks on a gateway's port, by records as bytes. */
class FastCgiGatewayTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private final BlockingQueue<String> notes = new LinkedBlockingQueue<>();
  private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
  private final CountDownLatch go = new CountDownLatch(1);
  private FastCgiGateway gateway;

  @BeforeEach
  void open() throws IOException {
    gateway = builder().open();
  }

  @AfterEach
  void close() {
    go.countDown();
    gateway.close();
  }

  private FastCgiGateway.Builder builder() {
    return FastCgiGateway.builder(Lint.of().wrap(this::application))
        .listen("127.0.0.1:0")
        .grace(Duration.ofSeconds(10));
  }

  private void reopen(FastCgiGateway.Builder options) throws IOException {
    gateway.close();
    gateway = options.open();
  }

  private Body application(Environ environ, dev.postern.StartResponse start) throws Exception {
    notes.add(environ.method() + " " + environ.pathInfo());
    environ.onFinish(outcomes::add);
    switch (environ.pathInfo()) {
      case "/echo" -> {
        byte[] body = environ.input().readAllBytes();
        start.start(200, TEXT);
        return Body.of(body);
      }
      case "/ignore" -> {
        start.start(200, TEXT);
        return Body.of("ignored");
      }
      case "/empty" -> {
        start.start(204, Headers.of());
        return Body.empty();
      }
      case "/large" -> {
        start.start(200, TEXT);
        return Body.of(new byte[Integer.parseInt(environ.queryString())]);
      }
      case "/wait" -> {
        environ.onCancel(
            () -> {
              notes.add("cancelled");
              go.countDown();
            });
        go.await();
        start.start(200, TEXT);
        return Body.of("waited");
      }
      case "/read" -> {
        try {
          environ.input().readAllBytes();
          notes.add("read");
        } catch (IOException e) {
          notes.add("read failed");
          throw e;
        }
        start.start(200, TEXT);
        return Body.empty();
      }
      case "/hook" -> {
        environ.onCancel(
            () -> {
              notes.add("cancelled");
              awaitGo();
            });
        start.start(200, TEXT);
        return Body.of(environ.input().readAllBytes());
      }
      case "/huge" -> {
        start.start(200, TEXT);
        return Body.writing(
            out -> {
              for (int i = 0; i < 400; i++) {
                out.write(new byte[64 * 1024]);
              }
            });
      }
      case "/stuck" -> {
        environ.onCancel(() -> notes.add("cancelled"));
        go.await();
        start.start(200, TEXT);
        return Body.empty();
      }
      case "/cut" -> {
        environ.onFinish(outcome -> environ.errors().print("finished"));
        start.start(200, TEXT);
        return Body.writing(
            out -> {
              out.write("sent".getBytes(StandardCharsets.US_ASCII));
              out.flush();
              throw new IOException("fails");
            });
      }
      case "/errors" -> {
        environ.errors().println("caf\u00e9 \ud83d\ude00");
        start.start(200, TEXT);
        return Body.of("logged");
      }
      case "/late" -> {
        start.start(200, TEXT);
        return new Body() {
          @Override
          public Iterator<ByteBuffer> iterator() {
            return Collections.emptyIterator();
          }

          @Override
          public void close() {
            environ.errors().println("late \u001bcaf\u00e9");
            throw new IllegalStateException("close fails");
          }
        };
      }
      case "/interrupted" -> {
        Thread.currentThread().interrupt();
        environ.errors().println("late");
        environ.errors().flush();
        notes.add("interrupt " + Thread.interrupted());
        throw new HttpException(503, "too late");
      }
      case "/closes-slowly" -> {
        start.start(200, TEXT);
        return Body.of("closed slowly").onClose(this::awaitGo);
      }
      case "/errors-large" -> {
        environ.errors().print("e".repeat(20_000));
        environ.errors().flush();
        environ.errors().print("e".repeat(8));
        environ.errors().flush();
        start.start(200, TEXT);
        return Body.of("logged");
      }
      default -> {
        start.start(200, TEXT);
        return Body.of(environ.pathInfo() + "?" + environ.queryString());
      }
    }
  }

  @Test
  void f09_keptConnectionCarriesManyRequestsAndAnotherIsClosed() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      for (int i = 0; i < 5; i++) {
        Answer answer = server.get(1, true, "/a?" + i).answer(1);
        assertThat(answer.status()).isEqualTo("200");
        assertThat(answer.body()).isEqualTo("/a?" + i);
        assertThat(answer.applicationStatus()).isZero();
        assertThat(answer.protocolStatus()).isEqualTo(Records.REQUEST_COMPLETE);
      }
      assertThat(server.get(65535, false, "/b").answer(65535).body()).isEqualTo("/b?");
      assertThat(server.isClosed()).isTrue();
    }
  }

  @Test
  void f03_requestInAnyPiecesIsOne() throws IOException {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 255));
    byte[] pairs = NameValuePairs.encode(variables("POST", "/echo", "CONTENT_LENGTH", "5"));
    // F08: pairs that span records.
    for (int i = 0; i < pairs.length; i += 7) {
      byte[] part = Arrays.copyOfRange(pairs, i, Math.min(pairs.length, i + 7));
      whole.writeBytes(bytes(Records.PARAMS, 1, part, i % 9));
    }
    whole.writeBytes(bytes(Records.PARAMS, 1, new byte[0], 3));
    whole.writeBytes(bytes(Records.STDIN, 1, "hel".getBytes(StandardCharsets.US_ASCII), 1));
    whole.writeBytes(bytes(Records.STDIN, 1, "lo".getBytes(StandardCharsets.US_ASCII), 0));
    whole.writeBytes(bytes(Records.STDIN, 1, new byte[0], 0));
    byte[] all = whole.toByteArray();

    try (RawWebServer server = RawWebServer.connect(gateway)) {
      for (int place = 0; place <= all.length; place += 13) {
        server.send(Arrays.copyOf(all, place));
        server.send(Arrays.copyOfRange(all, place, all.length));
        assertThat(server.answer(1).body()).isEqualTo("hello");
      }
      for (byte one : all) {
        server.send(new byte[] {one});
      }
      assertThat(server.answer(1).body()).isEqualTo("hello");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 255})
  void f03_anotherVersionIsClosed(int version) throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      byte[] begin = bytes(Records.BEGIN_REQUEST, 1, new byte[8], 0);
      begin[0] = (byte) version;
      assertThat(server.send(begin).isClosed()).isTrue();
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void f04_recordsOfNoRequestAreIgnored() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.stdin(9, "nobody").stdinEnd(9).record(Records.PARAMS, 9, new byte[3]);
      server.record(Records.ABORT_REQUEST, 9, new byte[0]).record(Records.DATA, 9, new byte[5]);
      // F24: of a type that is none.
      server.record(99, 9, new byte[500]).record(99, 1, new byte[0]);
      assertThat(server.get(1, true, "/lives").answer(1).body()).isEqualTo("/lives?");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void f05_recordOfARequestWithoutAnIdIsClosed(int type) throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.record(type, 0, new byte[8]).isClosed()).isTrue();
    }
  }

  @Test
  void f06_variablesThatDoNotEndAreClosedWithoutACall() throws IOException {
    reopen(builder().headTimeout(Duration.ofMillis(200)));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true);
      server.record(Records.PARAMS, 1, NameValuePairs.encode(variables("GET", "/")));
      assertThat(server.isClosed()).isTrue();
    }
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).record(Records.PARAMS, 1, new byte[] {1, 1, 'A'});
      server.endOutput();
      assertThat(server.isClosed()).isTrue();
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void f06_bodyThatDoesNotComeIsA408() throws IOException {
    reopen(builder().bodyTimeout(Duration.ofMillis(200)));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/echo", "CONTENT_LENGTH", "5"));
      server.stdin(1, "hel");
      assertThat(server.answer(1).status()).isEqualTo("408");
      // The rest of it belongs to nobody.
      server.stdin(1, "lo").stdinEnd(1);
      assertThat(server.get(2, true, "/next").answer(2).body()).isEqualTo("/next?");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void f07_lengthsThatLieAreClosedWithoutACall(int kind) throws IOException {
    byte[] pairs =
        switch (kind) {
          case 1 -> new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, 'A'};
          case 2 -> new byte[] {127, 127, 'A'};
          default -> new byte[] {1, 1, 'A', 0};
        };
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).record(Records.PARAMS, 1, pairs);
      assertThat(server.record(Records.PARAMS, 1, new byte[0]).isClosed()).isTrue();
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void f07_moreVariablesThanTheLimitAreClosed() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true);
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10; i++) {
                  server.record(Records.PARAMS, 1, new byte[65535]);
                }
                server.next();
              })
          .isInstanceOf(IOException.class);
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void f10_valuesAreTold() throws IOException {
    reopen(builder().maxConnections(7).maxRequests(5));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(values(server, "FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS", "NO_SUCH"))
          .isEqualTo(Map.of("FCGI_MAX_CONNS", "7", "FCGI_MAX_REQS", "5", "FCGI_MPXS_CONNS", "0"));
      assertThat(values(server)).isEmpty();
      assertThat(server.get(1, true, "/then").answer(1).body()).isEqualTo("/then?");
    }
  }

  @Test
  void f10_valuesAreToldWhileARequestRuns() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
      assertThat(values(server, "FCGI_MPXS_CONNS")).isEqualTo(Map.of("FCGI_MPXS_CONNS", "0"));
      go.countDown();
      assertThat(server.answer(1).body()).isEqualTo("waited");
    }
  }

  private static Map<String, String> values(RawWebServer server, String... names)
      throws IOException {
    Map<String, String> asked = new LinkedHashMap<>();
    for (String name : names) {
      asked.put(name, "");
    }
    server.record(Records.GET_VALUES, 0, NameValuePairs.encode(asked));
    RecordHeader header = server.next();
    assertThat(header.type()).isEqualTo(Records.GET_VALUES_RESULT);
    assertThat(header.requestId()).isZero();
    NameValuePairs pairs = new NameValuePairs(1000, 10);
    byte[] content = server.content();
    pairs.add(content, 0, content.length);
    return pairs.end();
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 11, 12, 200, 255})
  void f11_unknownManagementRecordIsSaidToBeUnknown(int type) throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.record(type, 0, new byte[20]);
      assertThat(server.next().type()).isEqualTo(Records.UNKNOWN_TYPE);
      assertThat(server.content()).startsWith(type).hasSize(8);
    }
  }

  @Test
  void f12_secondBeginOfARunningRequestIsClosed() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
      assertThat(server.begin(1, true).isClosed()).isTrue();
      note("cancelled");
    }
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.record(Records.BEGIN_REQUEST, 1, new byte[7]).isClosed()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3, 99, 65535})
  void f13_f22_otherRolesAreRefused(int role) throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, role, true).params(1, variables("GET", "/")).stdinEnd(1);
      assertThat(server.answer(1).protocolStatus()).isEqualTo(Records.UNKNOWN_ROLE);
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
    assertThat(notes).containsExactly("GET /next");
  }

  @Test
  void recordsBehindABrokenOne_areNotRead() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/stuck");
      note("GET /stuck");
      server.begin(1, true);
      note("cancelled");
      server.record(Records.GET_VALUES, 0, NameValuePairs.encode(Map.of("FCGI_MAX_CONNS", "")));
      FutureTask<RecordHeader> answer = new FutureTask<>(server::next);
      new Thread(answer).start();
      assertThatThrownBy(() -> answer.get(300, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);
      go.countDown();
      assertThatThrownBy(() -> answer.get(30, TimeUnit.SECONDS))
          .hasCauseInstanceOf(IOException.class);
    }
  }

  /** The application's own thread reads a record that has come together with its request. */
  @ParameterizedTest
  @ValueSource(strings = {"version", "begin"})
  @Timeout(60)
  void brokenRecordThatComesWithItsRequest_endsTheConnection(String kind) throws Exception {
    ByteArrayOutputStream hidden = new ByteArrayOutputStream();
    hidden.writeBytes(bytes(Records.BEGIN_REQUEST, 2, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 0));
    byte[] pairs = NameValuePairs.encode(variables("GET", "/hidden"));
    hidden.writeBytes(bytes(Records.PARAMS, 2, pairs, 0));
    hidden.writeBytes(bytes(Records.PARAMS, 2, new byte[0], 0));
    int type = kind.equals("begin") ? Records.BEGIN_REQUEST : Records.STDIN;
    byte[] broken = bytes(type, 1, hidden.toByteArray(), 0);
    if (kind.equals("version")) {
      broken[0] = 2;
    }
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.send(postWith("/read", broken));
      note("POST /read");
      note("read failed");
      assertThat(server.typesToTheEnd())
          .doesNotContain(Records.STDOUT, Records.END_REQUEST, Records.GET_VALUES_RESULT);
      assertThat(outcomes.take().complete()).isFalse();
    }
    assertThat(notes).isEmpty();
  }

  @Test
  @Timeout(60)
  void abortThatComesWithItsRequest_holdsUpNobodyElse() throws Exception {
    Thread closer = new Thread(gateway::close);
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.send(postWith("/hook", bytes(Records.ABORT_REQUEST, 1, new byte[0], 0)));
      note("POST /hook");
      note("cancelled");
      // The stop tells each connection, also the one whose hook still runs.
      closer.start();
      awaitStop(closer);
      go.countDown();
      assertThat(server.answer(1).applicationStatus()).isEqualTo(1);
    }
    closer.join();
  }

  /** A POST to be kept, and another record, as the bytes of one write. */
  private static byte[] postWith(String path, byte[] record) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 0));
    byte[] pairs = NameValuePairs.encode(variables("POST", path, "CONTENT_LENGTH", "100000"));
    all.writeBytes(bytes(Records.PARAMS, 1, pairs, 0));
    all.writeBytes(bytes(Records.PARAMS, 1, new byte[0], 0));
    all.writeBytes(record);
    return all.toByteArray();
  }

  /** Waits until the gateway has told its connections of the stop. */
  private static void awaitStop(Thread closer) {
    long start = System.nanoTime();
    while (closer.getState() != Thread.State.TIMED_WAITING) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
      Thread.onSpinWait();
    }
  }

  private void awaitGo() {
    try {
      go.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void f13_secondRequestBesideOneIsRefused() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
      server.get(2, true, "/other");
      assertThat(server.answer(2).protocolStatus()).isEqualTo(Records.CANT_MPX_CONN);
      go.countDown();
      assertThat(server.answer(1).body()).isEqualTo("waited");
      assertThat(server.get(3, true, "/next").answer(3).body()).isEqualTo("/next?");
    }
  }

  @Test
  void f13_overloadedGatewaySaysSo() throws Exception {
    reopen(builder().maxRequests(1));
    try (RawWebServer first = RawWebServer.connect(gateway);
        RawWebServer second = RawWebServer.connect(gateway)) {
      first.get(1, true, "/wait");
      note("GET /wait");
      assertThat(second.get(1, true, "/x").answer(1).protocolStatus())
          .isEqualTo(Records.OVERLOADED);
      go.countDown();
      assertThat(first.answer(1).body()).isEqualTo("waited");
      assertThat(outcomes.take().complete()).isTrue();
      assertThat(first.get(1, true, "/x").answer(1).body()).isEqualTo("/x?");
    }
  }

  @Test
  void f14_abortCancelsTheRequestAndIsAnsweredOnce() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
      server.record(Records.ABORT_REQUEST, 1, new byte[0]);
      note("cancelled");
      Answer answer = server.answer(1);
      assertThat(answer.applicationStatus()).isEqualTo(1);
      assertThat(answer.stdout()).isEmpty();
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
    assertThat(outcomes.take().complete()).isFalse();
  }

  /** The body is longer than what a connection holds, and the application does not read it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void f14_abortBehindABodyThatNobodyReads_cancelsTheRequest(boolean aborts) throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/wait", "CONTENT_LENGTH", "200000"));
      for (int i = 0; i < 20; i++) {
        server.record(Records.STDIN, 1, new byte[10_000]);
      }
      note("POST /wait");
      if (aborts) {
        server.record(Records.ABORT_REQUEST, 1, new byte[0]);
        assertThat(server.answer(1).protocolStatus()).isZero();
      }
    }
    note("cancelled");
  }

  @Test
  void f14_abortDuringABodyFailsItsRead() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/read", "CONTENT_LENGTH", "100"));
      server.stdin(1, "some");
      note("POST /read");
      server.record(Records.ABORT_REQUEST, 1, new byte[0]);
      note("read failed");
      assertThat(server.answer(1).applicationStatus()).isEqualTo(1);
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  void f14_abortBeforeTheVariablesIsAnswered() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).record(Records.ABORT_REQUEST, 1, new byte[0]);
      assertThat(server.answer(1).protocolStatus()).isEqualTo(Records.REQUEST_COMPLETE);
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
    assertThat(notes).containsExactly("GET /next");
  }

  @Test
  void f15_emptyBodyHasOneEmptyStdoutAndThenTheEnd() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/empty").records())
          .satisfiesExactly(
              head -> assertThat(head).startsWith("6:"),
              end -> assertThat(end).isEqualTo("6:0"),
              last -> assertThat(last).isEqualTo("3:8"));
    }
  }

  @Test
  void f15_errorsGoToStderr() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      Answer answer = server.get(1, true, "/errors").answer(1);
      assertThat(answer.stderr()).contains("caf\u00e9 \ud83d\ude00");
      assertThat(answer.body()).isEqualTo("logged");
    }
  }

  @Test
  void errorsAfterTheEnd_goToTheLog() throws Exception {
    Logger log = Logger.getLogger("dev.postern.fastcgi");
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    log.setUseParentHandlers(false);
    log.setFilter(
        line -> {
          lines.add(line.getMessage());
          return false;
        });
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      Answer answer = server.get(1, true, "/late").answer(1);
      assertThat(answer.stderr()).isEmpty();
      assertThat(lines.poll(30, TimeUnit.SECONDS)).isEqualTo("late \\u001Bcaf\u00e9");
      assertThat(lines.poll(30, TimeUnit.SECONDS)).contains("failed");
      assertThat(lines.poll(30, TimeUnit.SECONDS)).contains("close fails");
    } finally {
      log.setFilter(null);
      log.setUseParentHandlers(true);
    }
  }

  @Test
  void errorsOfAnInterruptedRequest_goToStderr_andItsAnswerIsSent() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      Answer answer = server.get(1, true, "/interrupted").answer(1);
      assertThat(answer.status()).isEqualTo("503");
      assertThat(answer.stderr()).startsWith("late\n");
      note("GET /interrupted");
      note("interrupt true");
    }
  }

  /** The engine sets the interrupt flag again when all is done. */
  @Test
  void interruptedRequest_leavesItsConnectionOpen() throws IOException {
    reopen(
        FastCgiGateway.builder(
                (environ, start) -> {
                  if (environ.pathInfo().equals("/interrupted")) {
                    throw new InterruptedException();
                  }
                  return application(environ, start);
                })
            .listen("127.0.0.1:0"));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/interrupted").answer(1).status()).isEqualTo("500");
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  void lastErrorsOfACutResponse_goToStderr(@TempDir Path directory) throws IOException {
    // A Unix socket has no reset, which would take away what was not read yet.
    reopen(builder().listen("unix:" + directory.resolve("s")));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/cut");
      StringBuilder errors = new StringBuilder();
      while (errors.indexOf("finished") < 0) {
        if (server.next().type() == Records.STDERR) {
          errors.append(new String(server.content(), StandardCharsets.UTF_8));
        }
      }
    }
  }

  /** HAProxy 2.6 ends by a segmentation fault for a record without padding, or above 16 KiB. */
  @Test
  void f15_errorsHavePaddingAndFitIntoABufferOfHaproxy() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/errors-large");
      int length = 0;
      RecordHeader header = server.next();
      while (header.type() == Records.STDERR) {
        assertThat(header.paddingLength()).isPositive();
        assertThat(header.contentLength()).isPositive().isLessThanOrEqualTo(8192);
        length += header.contentLength();
        header = server.next();
      }
      assertThat(length).isEqualTo(20_008);
    }
  }

  @Test
  void f18_responseMayEndBeforeTheBody() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/ignore", "CONTENT_LENGTH", "300000"));
      assertThat(server.answer(1).body()).isEqualTo("ignored");
      // G-03: what is left of the body is nobody's, and no next request.
      for (int i = 0; i < 6; i++) {
        server.record(Records.STDIN, 1, new byte[50_000]);
      }
      server.stdinEnd(1);
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  void f18_bodyThatIsUnreadDoesNotTakeTheAnswerOfAConnectionThatIsNotKept() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, false).params(1, variables("POST", "/ignore", "CONTENT_LENGTH", "50000"));
      server.record(Records.STDIN, 1, new byte[50_000]).stdinEnd(1);
      assertThat(server.answer(1).body()).isEqualTo("ignored");
    }
  }

  /** An unread byte makes the close a reset, which can take the answer away. */
  @Test
  void bodyThatIsUnread_isReadAfterTheAnswerAlsoWhileTheGatewayStops() throws Exception {
    Thread closer = new Thread(gateway::close);
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, false).params(1, variables("POST", "/wait", "CONTENT_LENGTH", "3000000"));
      note("POST /wait");
      closer.start();
      awaitStop(closer);
      go.countDown();
      assertThat(server.answer(1).body()).isEqualTo("waited");
      sendUnread(server);
    }
    closer.join();
  }

  /** Sends much after the end of the answer. */
  private static void sendUnread(RawWebServer server) throws IOException {
    assertThat(server.isClosed()).isTrue();
    for (int i = 0; i < 60; i++) {
      server.record(Records.STDIN, 1, new byte[50_000]);
    }
  }

  @Test
  void restOfARefusedRequest_isRead() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, Records.AUTHORIZER, false);
      assertThat(server.answer(1).protocolStatus()).isEqualTo(Records.UNKNOWN_ROLE);
      sendUnread(server);
    }
  }

  @Test
  @Timeout(60)
  void restThatIsAwaited_keepsNoPlaceOfARequest() throws IOException {
    reopen(builder().maxRequests(1));
    try (RawWebServer slow = RawWebServer.connect(gateway);
        RawWebServer other = RawWebServer.connect(gateway)) {
      assertThat(slow.begin(1, false).params(1, variables("GET", "/one")).answer(1).body())
          .isEqualTo("/one?");
      assertThat(slow.isClosed()).isTrue();
      assertThat(other.get(1, true, "/two").answer(1).body()).isEqualTo("/two?");
    }
  }

  /** HAProxy 2.6 gives its client no second answer if END_REQUEST comes before. */
  @Test
  @Timeout(60)
  void haproxy_getsTheResponseAtOnce_andEndRequestAfterTheBody() throws Exception {
    reopen(builder().maxRequests(1));
    try (RawWebServer server = RawWebServer.connect(gateway);
        RawWebServer other = RawWebServer.connect(gateway)) {
      beginForHaproxy(server, "/ignore");
      readStdout(server);
      assertThat(outcomes.take().complete()).isTrue();
      // The wait for the body takes no place.
      assertThat(other.get(1, true, "/other").answer(1).body()).isEqualTo("/other?");
      sendRest(server);
      assertThat(server.records()).containsExactly("3:8");
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  @Timeout(60)
  void haproxy_getsEndRequest_whileTheApplicationStillCloses() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      beginForHaproxy(server, "/closes-slowly");
      readStdout(server);
      sendRest(server);
      assertThat(server.records()).containsExactly("3:8");
      server.get(1, true, "/next");
      go.countDown();
      assertThat(server.answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  @Timeout(60)
  void haproxy_thatAbortsAfterTheResponse_getsEndRequest() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      beginForHaproxy(server, "/ignore");
      readStdout(server);
      server.record(Records.ABORT_REQUEST, 1, new byte[0]);
      assertThat(server.records()).containsExactly("3:8");
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
    assertThat(outcomes.take().complete()).isTrue();
  }

  @Test
  @Timeout(60)
  void haproxy_getsEndRequestAfterTheBody_alsoWhileTheGatewayStops() throws Exception {
    Thread closer = new Thread(gateway::close);
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      beginForHaproxy(server, "/ignore");
      readStdout(server);
      closer.start();
      awaitStop(closer);
      sendRest(server);
      assertThat(server.records()).containsExactly("3:8");
      assertThat(server.isClosed()).isTrue();
    }
    closer.join();
  }

  @Test
  @Timeout(60)
  void haproxy_getsAllInOneWrite_whenTheBodyCameWithItsRequest() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(bytes(Records.BEGIN_REQUEST, 1, new byte[] {0, 1, 1, 0, 0, 0, 0, 0}, 0));
    byte[] pairs =
        NameValuePairs.encode(
            variables("POST", "/ignore", "CONTENT_LENGTH", "5", "SERVER_SOFTWARE", "HAProxy 2.6"));
    all.writeBytes(bytes(Records.PARAMS, 1, pairs, 0));
    all.writeBytes(bytes(Records.PARAMS, 1, new byte[0], 0));
    all.writeBytes(bytes(Records.STDIN, 1, "hello".getBytes(StandardCharsets.US_ASCII), 0));
    all.writeBytes(bytes(Records.STDIN, 1, new byte[0], 0));
    try (SocketChannel channel = RawWebServer.channel(gateway.address())) {
      channel.write(ByteBuffer.wrap(all.toByteArray()));
      ByteBuffer answer = ByteBuffer.allocate(4096);
      int length = channel.read(answer);
      assertThat(answer.get(length - 2 * Records.HEADER + 1)).isEqualTo((byte) Records.END_REQUEST);
    }
  }

  /** HAProxy 2.6 does not answer its client at all after an END_REQUEST without a response. */
  @Test
  @Timeout(60)
  void haproxy_getsA503_fromAnOverloadedGateway() throws Exception {
    reopen(builder().maxRequests(1));
    try (RawWebServer first = RawWebServer.connect(gateway);
        RawWebServer second = RawWebServer.connect(gateway)) {
      first.get(1, true, "/wait");
      note("GET /wait");
      beginForHaproxy(second, "/x");
      assertThat(readStdout(second)).startsWith("Status: 503 ");
      sendRest(second);
      assertThat(second.records()).containsExactly("3:8");
      assertThat(second.get(1, true, "/x").answer(1).protocolStatus())
          .isEqualTo(Records.OVERLOADED);
      go.countDown();
      assertThat(first.answer(1).body()).isEqualTo("waited");
    }
  }

  /** A request whose body is still to come. */
  private static void beginForHaproxy(RawWebServer server, String path) throws IOException {
    server.begin(1, true);
    server.params(
        1,
        variables("POST", path, "CONTENT_LENGTH", "300000", "SERVER_SOFTWARE", "HAProxy 2.6.12"));
    server.record(Records.STDIN, 1, new byte[50_000]);
  }

  private static void sendRest(RawWebServer server) throws IOException {
    for (int i = 0; i < 5; i++) {
      server.record(Records.STDIN, 1, new byte[50_000]);
    }
    server.stdinEnd(1);
  }

  /** Reads STDOUT to its end. */
  private static String readStdout(RawWebServer server) throws IOException {
    StringBuilder stdout = new StringBuilder();
    while (true) {
      RecordHeader header = server.next();
      assertThat(header.type()).isEqualTo(Records.STDOUT);
      if (header.contentLength() == 0) {
        return stdout.toString();
      }
      stdout.append(new String(server.content(), StandardCharsets.ISO_8859_1));
    }
  }

  @Test
  void f19_shortBodyIsAnError() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/read", "CONTENT_LENGTH", "10"));
      server.stdin(1, "short").stdinEnd(1);
      assertThat(server.answer(1).status()).isEqualTo("400");
      note("POST /read");
      note("read failed");
      server.begin(1, true).params(1, variables("POST", "/echo", "CONTENT_LENGTH", "3"));
      server.stdin(1, "longer").stdinEnd(1);
      assertThat(server.answer(1).body()).isEqualTo("lon");
      assertThat(server.get(1, true, "/next").answer(1).body()).isEqualTo("/next?");
    }
  }

  @Test
  void mountThatIsNotAscii_isComparedByItsBytes() throws IOException {
    reopen(builder().mount("/caf\u00e9"));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("GET", "/caf\u00c3\u00a9/x")).stdinEnd(1);
      assertThat(server.answer(1).body()).isEqualTo("/x?");
    }
  }

  @Test
  void pathThatIsNotBelowTheMount_isA404() throws IOException {
    reopen(builder().mount("/app"));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/app/x").answer(1).body()).isEqualTo("/x?");
      assertThat(server.get(1, true, "/app").answer(1).body()).isEqualTo("?");
      assertThat(server.get(1, true, "/apple").answer(1).status()).isEqualTo("404");
      assertThat(server.get(1, true, "/").answer(1).status()).isEqualTo("404");
    }
  }

  @Test
  void bodyWithoutALengthEndsWithItsStream() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/echo"));
      server.stdin(1, "some ").stdin(1, "where").stdinEnd(1);
      assertThat(server.answer(1).body()).isEqualTo("some where");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"+5", " 5", "5,5", "0x5", "5\u000b", "\u0665", "12345678901234567890"})
  void g01_contentLengthOfAnythingButDigitsIsA400(String length) throws IOException {
    Map<String, String> variables = variables("POST", "/echo");
    variables.put("CONTENT_LENGTH", length.replace('\u0665', '\u00a5'));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables).stdin(1, "hello").stdinEnd(1);
      assertThat(server.answer(1).status()).isEqualTo("400");
    }
    assertThat(notes).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8191, 8192, 65527, 65528, 65535, 65536, 66000, 300_000})
  void f24_longBodiesAreSplitAndWhole(int length) throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/large?" + length).answer(1).body()).hasSize(length);
      server.begin(1, true);
      server.params(1, variables("POST", "/echo", "CONTENT_LENGTH", "" + length));
      byte[] body = new byte[length];
      for (int i = 0; i < length; i++) {
        body[i] = (byte) (i * 31 >> 3);
      }
      Thread sender = new Thread(() -> sendBody(server, body));
      sender.start();
      assertThat(server.answer(1).body()).isEqualTo(new String(body, StandardCharsets.ISO_8859_1));
      sender.join();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static void sendBody(RawWebServer server, byte[] body) {
    try {
      for (int i = 0; i < body.length; i += 60_000) {
        byte[] part = Arrays.copyOfRange(body, i, Math.min(body.length, i + 60_000));
        server.record(Records.STDIN, 1, part);
      }
      server.stdinEnd(1);
    } catch (IOException e) {
      // The answer says what became of it.
    }
  }

  @Test
  void responseThatFailsLate_hasNoEnd() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/cut");
      assertThatThrownBy(() -> server.answer(1)).isInstanceOf(IOException.class);
    }
    assertThat(outcomes.take().complete()).isFalse();
  }

  @Test
  void responseThatIsNotTakenInTime_isReset() throws Exception {
    reopen(builder().writeTimeout(Duration.ofMillis(200)));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/huge");
      assertThat(outcomes.take().complete()).isFalse();
      assertThatThrownBy(() -> server.answer(1)).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void webServerThatLeaves_cancelsTheRequest() throws Exception {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
    }
    note("cancelled");
    assertThat(outcomes.take().complete()).isFalse();
  }

  @Test
  void requestWithoutAMethod_isA400() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, Map.of("SCRIPT_NAME", "/x")).stdinEnd(1);
      assertThat(server.answer(1).status()).isEqualTo("400");
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void bodyOverTheLimit_isA413() throws IOException {
    reopen(builder().maxBody(4));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/echo", "CONTENT_LENGTH", "5"));
      server.stdin(1, "hello").stdinEnd(1);
      assertThat(server.answer(1).status()).isEqualTo("413");
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void bodyWithoutALengthOverTheLimit_isA413() throws IOException {
    reopen(builder().maxBody(4));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.begin(1, true).params(1, variables("POST", "/echo")).stdin(1, "four").stdinEnd(1);
      assertThat(server.answer(1).body()).isEqualTo("four");
      server.begin(1, true).params(1, variables("POST", "/echo"));
      server.stdin(1, "four").stdin(1, "5");
      assertThat(server.answer(1).status()).isEqualTo("413");
    }
  }

  @Test
  void g07_httpOnThePortIsClosed() throws IOException {
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(server.isClosed()).isTrue();
    }
    assertThat(notes).isEmpty();
  }

  @Test
  void f02_peerThatIsNotOnTheListIsClosed() throws IOException {
    reopen(builder().peers(Set.of(InetAddress.getByName("127.0.0.2"))));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.isClosed()).isTrue();
    }
    reopen(builder().peers(Set.of(InetAddress.getByName("127.0.0.1"))));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      assertThat(server.get(1, true, "/in").answer(1).body()).isEqualTo("/in?");
    }
  }

  @Test
  void idleConnection_makesRoomForANewOne() throws IOException {
    reopen(builder().maxConnections(1));
    try (RawWebServer idle = RawWebServer.connect(gateway)) {
      assertThat(idle.get(1, true, "/one").answer(1).body()).isEqualTo("/one?");
      try (RawWebServer other = RawWebServer.connect(gateway)) {
        assertThat(other.get(1, true, "/two").answer(1).body()).isEqualTo("/two?");
        assertThat(idle.isClosed()).isTrue();
      }
    }
  }

  @Test
  @Timeout(60)
  void idleConnections_atTheLimit_loseOneForAPlace() throws Exception {
    reopen(builder().maxConnections(4));
    List<RawWebServer> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        idle.add(RawWebServer.connect(gateway));
        assertThat(idle.get(i).get(1, true, "/one").answer(1).body()).isEqualTo("/one?");
      }
      assertThat(idle.get(0).isClosed()).isTrue();
      // A connection that was given up still answers once.
      for (int i = 1; i < 4; i++) {
        for (String path : List.of("/two", "/three")) {
          assertThat(idle.get(i).get(1, true, path).answer(1).body()).isEqualTo(path + "?");
        }
      }
    } finally {
      for (RawWebServer one : idle) {
        one.close();
      }
    }
  }

  @Test
  @Timeout(60)
  void idleConnection_afterALongRequest_makesRoomForANewOne() throws Exception {
    reopen(builder().maxConnections(1));
    try (RawWebServer idle = RawWebServer.connect(gateway)) {
      answerWithASecondReader(idle);
      try (RawWebServer other = RawWebServer.connect(gateway)) {
        assertThat(other.get(1, true, "/two").answer(1).body()).isEqualTo("/two?");
        assertThat(idle.isClosed()).isTrue();
      }
    }
  }

  @Test
  @Timeout(60)
  void close_afterALongRequest_doesNotWait() throws Exception {
    reopen(builder().grace(Duration.ofMinutes(10)));
    try (RawWebServer idle = RawWebServer.connect(gateway)) {
      answerWithASecondReader(idle);
      gateway.close();
      assertThat(idle.isClosed()).isTrue();
    }
  }

  /** Its records are read on another thread than the connection's, which goes on reading. */
  private void answerWithASecondReader(RawWebServer server) throws Exception {
    server.get(1, true, "/wait");
    note("GET /wait");
    // Only a reader beside the request answers this.
    assertThat(values(server)).isEmpty();
    go.countDown();
    assertThat(server.answer(1).body()).isEqualTo("waited");
    assertThat(outcomes.take().complete()).isTrue();
  }

  @Test
  void close_finishesWhatRunsAndEndsTheRest() throws Exception {
    try (RawWebServer running = RawWebServer.connect(gateway);
        RawWebServer idle = RawWebServer.connect(gateway)) {
      assertThat(idle.get(1, true, "/one").answer(1).body()).isEqualTo("/one?");
      running.get(1, true, "/wait");
      note("GET /one");
      note("GET /wait");
      Thread closer = new Thread(gateway::close);
      closer.start();
      assertThat(idle.isClosed()).isTrue();
      go.countDown();
      assertThat(running.answer(1).body()).isEqualTo("waited");
      assertThat(running.isClosed()).isTrue();
      closer.join();
    }
  }

  @Test
  void close_cancelsWhatRunsTooLong() throws Exception {
    reopen(builder().grace(Duration.ZERO));
    try (RawWebServer server = RawWebServer.connect(gateway)) {
      server.get(1, true, "/wait");
      note("GET /wait");
      gateway.close();
      note("cancelled");
      assertThat(server.isClosed()).isTrue();
    }
  }

  @Test
  void connections_manyAtOnceAreKeptApart() throws Exception {
    int count = 50;
    Thread[] threads = new Thread[count];
    BlockingQueue<String> wrong = new LinkedBlockingQueue<>();
    for (int i = 0; i < count; i++) {
      String own = "client" + i;
      threads[i] =
          new Thread(
              () -> {
                try (RawWebServer server = RawWebServer.connect(gateway)) {
                  for (int n = 0; n < 20; n++) {
                    String body = server.get(1, true, "/x?" + own + n).answer(1).body();
                    if (!body.equals("/x?" + own + n)) {
                      wrong.add(body);
                    }
                  }
                } catch (IOException e) {
                  wrong.add(e.toString());
                }
              });
      threads[i].start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(wrong).isEmpty();
  }

  private void note(String expected) throws InterruptedException {
    note(notes.poll(30, TimeUnit.SECONDS), expected);
  }

  private static void note(String found, String expected) {
    assertThat(found).isEqualTo(expected);
  }
}
