package dev.postern.fastcgi.client;

import static dev.postern.fastcgi.client.FakeServer.end;
import static dev.postern.fastcgi.client.FakeServer.join;
import static dev.postern.fastcgi.client.FakeServer.record;
import static dev.postern.fastcgi.client.FakeServer.stdout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.postern.cgi.CgiRun;
import dev.postern.fastcgi.FastCgiApplication;
import dev.postern.fastcgi.front.FrontServer;
import dev.postern.fastcgi.wire.Records;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a FastCGI server may do to us, by raw bytes. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FastCgiApplicationTest {
  private static final String HEAD = "Content-Type: text/plain\r\n\r\n";
  private static final byte[] WHOLE =
      join(
          record(Records.STDERR, 1, "warned\n".getBytes(StandardCharsets.US_ASCII), 1),
          stdout(HEAD + "hel"),
          record(77, 1, new byte[3], 2),
          record(Records.GET_VALUES_RESULT, 0, new byte[0], 0),
          stdout("lo"),
          record(Records.STDOUT, 1, new byte[0], 0),
          end(0, Records.REQUEST_COMPLETE));

  private static Ask ask(byte[] answer) throws IOException {
    return ask(Ask.get("/"), answer);
  }

  private static Ask ask(Ask ask, byte[] answer) throws IOException {
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  out.write(answer);
                });
        FastCgiApplication application = FastCgiApplication.of(server.address())) {
      return ask.to(application);
    }
  }

  /** The connect time-out of the other JVM is longer than that of this test. */
  @Test
  void unixSocketThatThisUserMayNotUse_isA503AtOnce(@TempDir Path directory) throws Exception {
    Path socket = directory.resolve("s");
    Files.createFile(directory.resolve("x.php"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, Set.of());
      List<String> command = new ArrayList<>();
      if (Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
        // Root may do all that its capabilities allow.
        command.addAll(List.of(FrontServer.program("setpriv"), "--bounding-set=-all"));
      }
      assertThat(statuses(command, Map.of(), "unix:" + socket, directory, "/x.php"))
          .containsExactly("503");
    }
  }

  /** A file that is there leads to the server, which is not. */
  @Test
  void localScriptWhoseNameTheLocaleLacks_isFound(@TempDir Path directory) throws Exception {
    Process names =
        new ProcessBuilder(
                "/bin/sh",
                "-c",
                "for n in '\\303\\274' '\\374'; do mkdir \"$(printf \"$n\")\";"
                    + " touch \"$(printf \"$n/$n\").php\"; done; touch a.php")
            .directory(directory.toFile())
            .inheritIO()
            .start();
    assertThat(names.waitFor()).isZero();
    for (String locale : List.of("C", "C.UTF-8")) {
      assertThat(
              statuses(
                  List.of(),
                  Map.of("LC_ALL", locale),
                  "unix:" + directory.resolve("none"),
                  directory,
                  "/a.php",
                  "/\\303\\274/\\303\\274.php",
                  "/\\374/\\374.php",
                  "/\\303\\274.php",
                  "/\\303\\274/a.php"))
          .as(locale)
          .containsExactly("503", "503", "503", "404", "404");
    }
  }

  /** What {@link AskMain} prints in a JVM of its own. */
  private static List<String> statuses(
      List<String> prefix,
      Map<String, String> variables,
      String address,
      Path root,
      String... paths)
      throws Exception {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(AskMain.class.getName(), address, root.toString()));
    command.addAll(List.of(paths));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("LANG");
    builder.environment().putAll(variables);
    Process process = builder.start();
    try (BufferedReader output = process.inputReader(StandardCharsets.ISO_8859_1)) {
      return output.lines().toList();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void f24_response_isWholeHoweverItIsSplit() throws IOException {
    Ask whole = ask(WHOLE);
    assertThat(whole.status).isEqualTo(200);
    assertThat(whole.body()).isEqualTo("hello");
    assertThat(whole.log()).contains("warned");
    assertThat(whole.outcome.complete()).isTrue();
    for (int at = 1; at < WHOLE.length; at++) {
      FastCgiDecoder decoder = new FastCgiDecoder(new dev.postern.process.ErrorTail(99));
      byte[] first = java.util.Arrays.copyOf(WHOLE, at);
      byte[] second = java.util.Arrays.copyOfRange(WHOLE, at, WHOLE.length);
      try {
        int n = decoder.decode(first, first.length);
        int m = decoder.decode(second, second.length);
        assertThat(text(first, n) + text(second, m)).isEqualTo(HEAD + "hello");
        assertThat(decoder.isReusable()).isTrue();
      } catch (dev.postern.GatewayException e) {
        throw new AssertionError("split at " + at, e);
      }
    }
  }

  private static String text(byte[] bytes, int length) {
    return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
  }

  @Test
  void f21_endRequestMissing_isIncomplete() throws IOException {
    Ask early = ask(stdout("Content-Type: text/plain\r\n"));
    assertThat(early.status).isEqualTo(502);
    assertThat(early.rule()).isEqualTo("no-end-request");

    Ask late = ask(stdout(HEAD + "x".repeat(20_000)));
    assertThat(late.status).isEqualTo(200);
    assertThat(late.aborted).isTrue();
    assertThat(late.rule()).isEqualTo("no-end-request");

    Ask told = ask(stdout("Content-Length: 3\r\n" + HEAD + "abc"));
    assertThat(told.status).isEqualTo(200);
    assertThat(told.outcome.complete()).isTrue();

    assertThat(ask(new byte[0]).status).isEqualTo(502);
  }

  @Test
  void attackG06_garbage_is502() throws IOException {
    assertBad("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>".getBytes());
    assertBad(record(Records.STDOUT, 2, HEAD.getBytes(), 0));
    assertBad(record(Records.STDOUT, 0, HEAD.getBytes(), 0));
    assertBad(record(Records.END_REQUEST, 1, new byte[4], 0));
    assertBad(record(Records.END_REQUEST, 1, new byte[9], 0));
    assertBad(join(stdout("Content-Type: text/plain\r\n"), end(0, 9)));
    assertBad(new byte[9]);
    // A length of which nothing comes allocates nothing, and ends with the connection.
    Ask huge = ask(new byte[] {1, 6, 0, 1, -1, -1, -1, 0});
    assertThat(huge.rule()).isEqualTo("no-end-request");
    Ask block = ask(join(stdout("X: " + "y".repeat(60_000)), stdout("z".repeat(60_000))));
    assertThat(block.status).isEqualTo(502);
  }

  private static void assertBad(byte[] answer) throws IOException {
    Ask bad = ask(answer);
    assertThat(bad.status).isEqualTo(502);
    assertThat(bad.rule()).isEqualTo("bad-record");
    assertThat(bad.body()).doesNotContain("record");
  }

  @Test
  void f13_f22_protocolStatus_isTold() throws IOException {
    Ask busy = ask(end(0, Records.OVERLOADED));
    assertThat(busy.status).isEqualTo(503);
    assertThat(busy.rule()).isEqualTo("overloaded");
    assertThat(busy.headers.get("Retry-After")).isEqualTo("1");
    assertThat(ask(end(0, Records.CANT_MPX_CONN)).rule()).isEqualTo("overloaded");
    Ask role = ask(end(0, Records.UNKNOWN_ROLE));
    assertThat(role.status).isEqualTo(502);
    assertThat(role.rule()).isEqualTo("unknown-role");
  }

  @Test
  void f20_applicationStatus_isTheExit() throws IOException {
    byte[] answer = join(stdout(HEAD + "done"), end(3, 0));
    List<CgiRun> runs = new CopyOnWriteArrayList<>();
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  out.write(answer);
                });
        FastCgiApplication lenient =
            FastCgiApplication.builder(server.address()).onRun(runs::add).build();
        FastCgiApplication strict =
            FastCgiApplication.builder(server.address()).strictExit().build()) {
      assertThat(Ask.get("/").to(lenient).body()).isEqualTo("done");
      assertThat(runs.get(0).exit()).isEqualTo("exit 3");
      assertThat(runs.get(0).bytesOut()).isEqualTo(HEAD.length() + 4);
      Ask cut = Ask.get("/").to(strict);
      // Before the commit the client is told.
      assertThat(cut.status).isEqualTo(502);
      assertThat(cut.rule()).isEqualTo("bad-exit");
    }
  }

  @Test
  void silentServer_is504_andSkippedRecordsAreNoOutput() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    try (FakeServer silent = new FakeServer((in, out) -> over.await());
        FakeServer chatty =
            new FakeServer(
                (in, out) -> {
                  while (over.getCount() > 0) {
                    out.write(record(99, 1, new byte[100], 0));
                  }
                });
        FastCgiApplication first = impatient(silent);
        FastCgiApplication second = impatient(chatty)) {
      assertThat(Ask.get("/").to(first).status).isEqualTo(504);
      Ask endless = Ask.get("/").to(second);
      assertThat(endless.status).isEqualTo(504);
      assertThat(endless.rule()).isEqualTo("program-timeout");
    } finally {
      over.countDown();
    }
  }

  private static FastCgiApplication impatient(FakeServer server) {
    return FastCgiApplication.builder(server.address())
        .headerTimeout(Duration.ofMillis(300))
        .build();
  }

  @Test
  void attackI05_keptConnectionThatCloses_isRepeatedForSafeMethodsAlone() throws IOException {
    AtomicInteger requests = new AtomicInteger();
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  requests.incrementAndGet();
                  out.write(join(stdout(HEAD + "one"), end(0, 0)));
                  // The second request of a connection is read, and gets no answer.
                  FakeServer.request(in);
                  requests.incrementAndGet();
                });
        FastCgiApplication application =
            FastCgiApplication.builder(server.address()).keepConnections(1).build()) {
      assertThat(Ask.get("/").to(application).body()).isEqualTo("one");
      assertThat(Ask.get("/").to(application).body()).isEqualTo("one");
      assertThat(requests).hasValue(3);
      assertThat(server.connections).hasValue(2);
      Ask post = Ask.post("/", new byte[10]).to(application);
      assertThat(post.status).isEqualTo(502);
      assertThat(requests).hasValue(4);
      assertThat(Ask.post("/", new byte[10]).to(application).body()).isEqualTo("one");
    }
  }

  @Test
  void connection_isKeptAndUsedAgain() throws IOException {
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  while (true) {
                    byte[] body = FakeServer.request(in);
                    out.write(join(stdout(HEAD + body.length), end(0, 0)));
                  }
                });
        FastCgiApplication kept =
            FastCgiApplication.builder(server.address()).keepConnections(2).build();
        FastCgiApplication single = FastCgiApplication.of(server.address())) {
      for (int i = 0; i < 50; i++) {
        assertThat(Ask.post("/", new byte[i * 2000]).to(kept).body()).isEqualTo("" + i * 2000);
      }
      assertThat(server.connections).hasValue(1);
      Ask.get("/").to(single);
      Ask.get("/").to(single);
      assertThat(server.connections).hasValue(3);
    }
  }

  @Test
  void r7_bodyOfUnknownLength_isSpooled_andLongOneIsStreamed() throws IOException {
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  byte[] body = FakeServer.request(in);
                  out.write(join(stdout(HEAD + body.length), end(0, 0)));
                });
        FastCgiApplication application = FastCgiApplication.of(server.address())) {
      byte[] bytes = new byte[700_000];
      Ask chunked = Ask.of("POST", "/").input(new ByteArrayInputStream(bytes));
      // Without a length but with a transfer coding, as a gateway says it.
      chunked.with("HTTP_TRANSFER_ENCODING", "chunked");
      assertThat(chunked.to(application).body()).isEqualTo("700000");
      Ask known = Ask.of("POST", "/").with("CONTENT_LENGTH", "700000");
      assertThat(known.input(new ByteArrayInputStream(bytes)).to(application).body())
          .isEqualTo("700000");
      Ask small = Ask.of("POST", "/").with("CONTENT_LENGTH", "700000");
      Ask cut = small.input(new ByteArrayInputStream(new byte[80_000])).to(application);
      assertThat(cut.status).isEqualTo(400);
    }
  }

  @Test
  void servers_takeOver_andHaveAsFewRequestsAsTheOthers() throws Exception {
    String dead;
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      dead = "127.0.0.1:" + taken.getLocalPort();
    }
    CountDownLatch go = new CountDownLatch(1);
    FakeServer.Behaviour waits =
        (in, out) -> {
          FakeServer.request(in);
          go.await(60, TimeUnit.SECONDS);
          out.write(join(stdout(HEAD + "ok"), end(0, 0)));
        };
    try (FakeServer one = new FakeServer(waits);
        FakeServer two = new FakeServer(waits);
        FastCgiApplication application =
            FastCgiApplication.builder(dead).address(one.address()).address(two.address()).build();
        FastCgiApplication nobody = FastCgiApplication.of(dead)) {
      List<Thread> threads = new java.util.ArrayList<>();
      AtomicInteger good = new AtomicInteger();
      for (int i = 0; i < 6; i++) {
        int number = one.connections.get() + two.connections.get();
        Thread thread =
            new Thread(
                () -> {
                  if (Ask.post("/", new byte[1]).to(application).body().equals("ok")) {
                    good.incrementAndGet();
                  }
                });
        thread.start();
        threads.add(thread);
        while (one.connections.get() + two.connections.get() == number) {
          Thread.onSpinWait();
        }
      }
      assertThat(one.connections).hasValue(3);
      assertThat(two.connections).hasValue(3);
      go.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(good).hasValue(6);

      Ask refused = Ask.get("/").to(nobody);
      assertThat(refused.status).isEqualTo(503);
      assertThat(refused.rule()).isEqualTo("not-started");
      assertThat(refused.body()).doesNotContain("127.0.0.1");
      assertThat(nobody.refusals().count("not-started")).isEqualTo(1);
    } finally {
      go.countDown();
    }
  }

  @Test
  void attackA01_attackC15_variables_areThoseOfHosting() throws IOException {
    List<String> seen = new CopyOnWriteArrayList<>();
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  java.util.Map<String, String> variables = FakeVariables.read(in);
                  variables.forEach((name, value) -> seen.add(name + "=" + value));
                  out.write(join(stdout(HEAD), end(0, 0)));
                });
        FastCgiApplication application =
            FastCgiApplication.builder(server.address())
                .root(java.nio.file.Path.of("/srv/none"))
                .environment("APP", "x")
                .build()) {
      Ask ask =
          Ask.get("/index.php/apps/files")
              .with("SCRIPT_NAME", "/cloud")
              .with("HTTP_PROXY", "http://evil")
              .with("SCRIPT_FILENAME", "/bin/sh")
              .with("HTTP_AUTHORIZATION", "Basic x");
      assertThat(ask.to(application).status).isEqualTo(200);
      assertThat(seen)
          .contains(
              "SCRIPT_FILENAME=/srv/none/index.php",
              "SCRIPT_NAME=/cloud/index.php",
              "PATH_INFO=/apps/files",
              "PATH_TRANSLATED=/srv/none/apps/files",
              "DOCUMENT_ROOT=/srv/none",
              "REDIRECT_STATUS=200",
              "GATEWAY_INTERFACE=CGI/1.1",
              "APP=x")
          .noneMatch(variable -> variable.startsWith("HTTP_PROXY"))
          .noneMatch(variable -> variable.startsWith("HTTP_AUTHORIZATION"))
          .noneMatch(variable -> variable.startsWith("PATH="));
      assertThat(application.refusals().count("header-proxy")).isEqualTo(1);
      assertThat(Ask.get("/a%2fb").with("REQUEST_URI", "/a%2fb.php").to(application).status)
          .isEqualTo(400);
      assertThat(Ask.get("/../x.php").to(application).status).isEqualTo(400);
      assertThat(Ask.get("/x/y").to(application).rule()).isEqualTo("no-script");
      Ask mount = Ask.get("").with("SCRIPT_NAME", "/cloud").with("REQUEST_URI", "//cloud");
      assertThat(mount.to(application).headers.get("Location")).isEqualTo("/cloud/");
      Ask rewritten =
          Ask.get("")
              .with("SCRIPT_NAME", "/shop/cloud")
              .with("QUERY_STRING", "a=b")
              .with("REQUEST_URI", "/cloud?a=b");
      assertThat(rewritten.to(application).headers.get("Location")).isEqualTo("/shop/cloud/?a=b");
    }
  }

  @Test
  void scriptWithTwoSlashes_doesNotLeaveTheRoot(@TempDir Path directory) throws IOException {
    Path root = Files.createDirectory(directory.resolve("root"));
    Files.createDirectory(root.resolve("a"));
    Files.createFile(root.resolve("a/index.php"));
    Path outside = Files.createFile(directory.resolve("outside.php"));
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  out.write(join(stdout(HEAD + "ran"), end(0, 0)));
                });
        FastCgiApplication application =
            FastCgiApplication.builder(server.address()).root(root).build()) {
      assertThat(Ask.get("/" + outside).to(application).rule()).isEqualTo("no-script");
      assertThat(Ask.get("/a//").to(application).rule()).isEqualTo("no-script");
      assertThat(server.connections).hasValue(0);
      assertThat(Ask.get("/a/").to(application).body()).isEqualTo("ran");
      assertThat(Ask.get("/a/index.php//x").to(application).body()).isEqualTo("ran");
    }
  }

  /** Asks for a script whose name is not ASCII; the status is the exit. */
  public static final class Cafe {
    public static void main(String[] args) {
      try (FastCgiApplication application =
          FastCgiApplication.builder("unix:/no/such/socket").root(Path.of("/no/such")).build()) {
        Ask ask = Ask.get("/caf\u00c3\u00a9.php").with("REQUEST_URI", "/caf%C3%A9.php");
        System.exit(ask.to(application).status - 400);
      }
    }
  }

  @Test
  void scriptThatTheLocaleCannotName_isAskedFor() throws Exception {
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Cafe.class.getName());
    java.environment().put("LC_ALL", "C");
    java.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
    assertThat(java.start().waitFor()).as("503, because there is no server").isEqualTo(103);
  }

  @Test
  void cancelledRequest_closesTheConnection() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  asked.countDown();
                  if (in.read() < 0) {
                    closed.countDown();
                  }
                });
        FastCgiApplication application = FastCgiApplication.of(server.address())) {
      dev.postern.Exchange exchange = Ask.get("/").exchange();
      Thread thread = new Thread(() -> exchange.run(application));
      thread.start();
      assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
      exchange.cancel(new IOException("client is gone"));
      assertThat(closed.await(60, TimeUnit.SECONDS)).isTrue();
      thread.join();
    }
  }

  @Test
  void manyBadServers_leakNothing() throws IOException {
    byte[][] answers = {
      new byte[0],
      "garbage that is no record".getBytes(),
      stdout(HEAD + "cut"),
      record(Records.STDOUT, 9, new byte[10], 0),
      join(stdout(HEAD + "good"), end(0, 0)),
      end(0, Records.OVERLOADED),
    };
    AtomicInteger turn = new AtomicInteger();
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  FakeServer.request(in);
                  out.write(answers[turn.getAndIncrement() % answers.length]);
                });
        FastCgiApplication application =
            FastCgiApplication.builder(server.address()).keepConnections(4).build()) {
      for (int i = 0; i < 60; i++) {
        Ask.post("/", new byte[1]).to(application);
      }
      int before = descriptors();
      for (int i = 0; i < 3000; i++) {
        Ask.post("/", new byte[1]).to(application);
      }
      // Both ends of some connections may still be closing.
      assertThat(descriptors()).isLessThan(before + 60);
    }
  }

  private static int descriptors() {
    String[] names = new File("/proc/self/fd").list();
    return names == null ? 0 : names.length;
  }

  @Test
  void options_areChecked() {
    for (String bad : List.of("", "x", "host:", ":1", "host:0", "host:65536", "unix:", "a:b:1")) {
      assertThatIllegalArgumentException()
          .as(bad)
          .isThrownBy(() -> FastCgiApplication.builder(bad));
    }
    assertThat(FastCgiApplication.of("[::1]:9000").toString()).contains("[::1]:9000");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FastCgiApplication.builder(List.of("php-cgi")));
  }

  @Test
  void builder_optionsThatTheServersDoNotHave_areRefused() {
    List<FastCgiApplication.Builder> wrong =
        List.of(
            FastCgiApplication.builder("127.0.0.1:1").index("main.php"),
            FastCgiApplication.builder("127.0.0.1:1").extension(".php5"),
            FastCgiApplication.builder("127.0.0.1:1").frontController("/index.php"),
            FastCgiApplication.builder("127.0.0.1:1").servers(2),
            FastCgiApplication.builder(List.of("/usr/bin/php-cgi")).keepConnections(1));
    for (FastCgiApplication.Builder builder : wrong) {
      assertThatIllegalStateException().isThrownBy(builder::build);
    }
  }
}
