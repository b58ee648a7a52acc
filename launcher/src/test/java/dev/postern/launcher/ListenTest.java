package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.launcher.http.ServerLimits;
import dev.postern.launcher.status.Board;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where {@code serve} listens: Unix sockets, TLS with HTTP/2, and behind PROXY protocol. */
class ListenTest {
  private static final Application ECHO =
      Application.of(
          environ ->
              Response.of(
                  200,
                  Headers.of("Content-Type", "text/plain"),
                  Body.of(
                      environ.protocol()
                          + "|"
                          + environ.scheme()
                          + "|"
                          + environ.variable("HTTPS")
                          + "|"
                          + environ.variable("REMOTE_ADDR"))));

  @TempDir Path directory;
  private Path certificate;
  private Path key;

  @BeforeAll
  static void quiet() {
    Logs.quiet();
  }

  @BeforeEach
  void nameFiles() {
    certificate = directory.resolve("certificate.pem");
    key = directory.resolve("key.pem");
  }

  private static WebServer open(Listener listener, Tls tls, boolean proxied) throws IOException {
    return open(listener, tls, proxied, ECHO, ServerLimits.standard());
  }

  private static WebServer open(
      Listener listener, Tls tls, boolean proxied, Application app, ServerLimits limits)
      throws IOException {
    return WebServer.open(
        List.of(listener), tls, proxied, app, ListenTest.class.getClassLoader(), limits);
  }

  private static Listener loopback() throws IOException {
    return Listener.of(new Address(InetAddress.getByName("127.0.0.1"), 0));
  }

  // ---- Unix sockets ----

  @Test
  void unixSocket_isServedAndRemovedAtTheEnd() throws Exception {
    Path socket = directory.resolve("s");
    try (WebServer server = open(Listener.parse("unix:" + socket), null, false)) {
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK").contains("HTTP/1.1|http|null|");
      assertThat(server.port()).isZero();
    }
    assertThat(socket).doesNotExist();
  }

  @Test
  void unixSocket_hasTheModeFromTheStart() throws Exception {
    Path socket = directory.resolve("s");
    Listener listener = Listener.parse("unix:" + socket).withMode(Listener.mode("0620"));
    try (WebServer server = open(listener, null, false)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
          .isEqualTo("rw--w----");
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK");
      assertThatThrownBy(() -> open(listener, null, false)).isInstanceOf(IOException.class);
      assertThat(server.port()).isZero();
    }
    assertThat(directory).isEmptyDirectory();
  }

  /** Java takes no more than 106 bytes as the path of a socket. */
  @Test
  void unixSocketWithAMode_mayHaveTheLongestPath() throws Exception {
    int rest = 106 - directory.toString().length() - "//s.sock".length();
    Path home = Files.createDirectory(directory.resolve("d".repeat(rest)));
    Path socket = home.resolve("s.sock");
    assertThat(socket.toString()).hasSize(106);
    Listener listener = Listener.parse("unix:" + socket).withMode(Listener.mode("0660"));
    try (WebServer server = open(listener, null, false)) {
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK");
      assertThat(server.port()).isZero();
      assertThat(home.toFile().list()).containsExactly("s.sock");
    }
    assertThat(home).isEmptyDirectory();
  }

  @Test
  void unixSocketWithAMode_needsADirectory() {
    Listener listener =
        Listener.parse("unix:" + directory.resolve("none/s")).withMode(Listener.mode("0660"));
    assertThatThrownBy(() -> open(listener, null, false))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("directory of the socket must exist");
  }

  @Test
  void socketThatADeadServerLeft_isTakenOver() throws Exception {
    Path socket = directory.resolve("s");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(socket))
        .close();
    assertThat(socket).exists();

    try (WebServer server = open(Listener.parse("unix:" + socket), null, false)) {
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK");
      assertThat(server.port()).isZero();
    }
  }

  @Test
  void socketOfALiveServer_isLeftAlone() throws Exception {
    Path socket = directory.resolve("s");
    try (WebServer first = open(Listener.parse("unix:" + socket), null, false)) {
      assertThatThrownBy(() -> open(Listener.parse("unix:" + socket), null, false))
          .isInstanceOf(IOException.class);
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK");
      assertThat(first.port()).isZero();
    }
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = "0660")
  void serverThatStops_leavesTheSocketOfItsSuccessorAlone(String mode) throws Exception {
    Path socket = directory.resolve("s");
    Listener listener =
        Listener.parse("unix:" + socket).withMode(mode == null ? null : Listener.mode(mode));
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    Application hanging =
        (environ, startResponse) -> {
          asked.countDown();
          assertThat(go.await(60, TimeUnit.SECONDS)).isTrue();
          return ECHO.call(environ, startResponse);
        };
    WebServer first = open(listener, null, false, hanging, ServerLimits.standard());
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> exchanged(socket), ListenTest::onItsOwn);
    assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<Void> closed =
        CompletableFuture.runAsync(() -> closed(first), ListenTest::onItsOwn);
    while (Files.exists(socket) && !refuses(socket)) {
      LockSupport.parkNanos(1_000_000);
    }

    try (WebServer second = open(listener, null, false)) {
      go.countDown();
      closed.get(60, TimeUnit.SECONDS);
      assertThat(answer.get(60, TimeUnit.SECONDS)).startsWith("HTTP/1.1 200 OK");
      assertThat(exchange(socket)).startsWith("HTTP/1.1 200 OK");
      assertThat(second.port()).isZero();
    }
    assertThat(directory).isEmptyDirectory();
  }

  /**
   * A client may bind its own socket to a path of its choice, and Jetty takes it for its address.
   */
  @Test
  void clientOfAUnixSocket_cannotChooseItsAddress() throws Exception {
    Path socket = directory.resolve("s");
    Configuration configuration =
        new Configuration(ServeCommand.parse(List.of("--status", "/status")));
    Site site = configuration.open();
    Application both =
        (environ, startResponse) ->
            environ.pathInfo().startsWith("/status")
                ? site.call(environ, startResponse)
                : ECHO.call(environ, startResponse);
    // A relative path, which lies in the working directory of this JVM.
    Path name = Path.of("127.0.0.1");
    try (WebServer server =
        open(Listener.parse("unix:" + socket), null, false, both, ServerLimits.standard())) {
      assertThat(exchangeFrom(name, socket, request("/"))).endsWith("|null");
      assertThat(exchangeFrom(name, socket, request("/status/json")))
          .startsWith("HTTP/1.1 403 ")
          .doesNotContain("requests");
      assertThat(server.port()).isZero();
    } finally {
      site.retire();
    }
  }

  @Test
  void nameOfAClientOfAUnixSocket_forgesNoLineOfTheAccessLog() throws Exception {
    Path socket = directory.resolve("s");
    Path log = directory.resolve("access.log");
    Path name = directory.resolve("a\n10.0.0.5 - admin b");
    try (LogFile file = LogFile.open("--access-log", log.toString());
        WebServer server =
            open(
                Listener.parse("unix:" + socket),
                null,
                false,
                new AccessLog(ECHO, file, AccessLog.Format.COMBINED, false, new Board(), null),
                ServerLimits.standard())) {
      assertThat(exchangeFrom(name, socket, request("/"))).startsWith("HTTP/1.1 200 ");
      assertThat(exchangeFrom(name, socket, "nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
      // A line is written a moment after the client has the response.
      while (Files.readAllLines(log).size() < 2) {
        LockSupport.parkNanos(1_000_000);
      }
      assertThat(server.port()).isZero();
    }
    assertThat(Files.readAllLines(log)).hasSize(2).allMatch(line -> line.startsWith("- - - ["));
  }

  @Test
  void connectionsOfAUnixSocketAboveTheLimit_waitForTheirTurn() throws Exception {
    Path socket = directory.resolve("s");
    ServerLimits limits = ServerLimits.standard().withConnections(2, 2);
    try (WebServer server = open(Listener.parse("unix:" + socket), null, false, ECHO, limits)) {
      for (int round = 0; round < 3; round++) {
        CompletableFuture<String> waiting;
        try (SocketChannel first = answered(socket);
            SocketChannel second = answered(socket)) {
          waiting = CompletableFuture.supplyAsync(() -> exchanged(socket), ListenTest::onItsOwn);
          assertThat(first.isOpen() && second.isOpen()).isTrue();
        }
        assertThat(waiting.get(60, TimeUnit.SECONDS)).startsWith("HTTP/1.1 200 OK");
      }
      assertThat(server.port()).isZero();
    }
  }

  /** A connection that has had an answer, and stays open. */
  private static SocketChannel answered(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    channel.write(
        ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
    assertThat(channel.read(ByteBuffer.allocate(1024))).isPositive();
    return channel;
  }

  /** The common pool has one thread where there are two processors. */
  private static void onItsOwn(Runnable task) {
    new Thread(task).start();
  }

  private static void closed(WebServer server) {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String exchanged(Path socket) {
    try {
      return exchange(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean refuses(Path socket) {
    try {
      SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void fileThatIsNoSocket_isLeftAlone() throws Exception {
    Path file = Files.writeString(directory.resolve("s"), "text");
    assertThatThrownBy(() -> open(Listener.parse("unix:" + file), null, false))
        .isInstanceOf(IOException.class);
    assertThat(file).hasContent("text");
  }

  private static String request(String target) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  }

  private static String exchange(Path socket) throws IOException {
    return exchangeFrom(null, socket, request("/"));
  }

  /** The client's own socket has this path; null for none. */
  private static String exchangeFrom(Path name, Path socket, String request) throws IOException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      if (name != null) {
        Files.deleteIfExists(name);
        channel.bind(UnixDomainSocketAddress.of(name));
      }
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      return new String(
          Channels.newInputStream(channel).readAllBytes(), StandardCharsets.ISO_8859_1);
    } finally {
      if (name != null) {
        Files.deleteIfExists(name);
      }
    }
  }

  // ---- PROXY protocol ----

  @Test
  void proxyProtocol_tellsTheClientsAddress() throws Exception {
    try (WebServer server = open(loopback(), null, true)) {
      assertThat(
              Wire.exchange(
                  server.port(),
                  "PROXY TCP4 192.0.2.7 127.0.0.1 5000 80\r\n"
                      + "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
          .startsWith("HTTP/1.1 200 OK")
          .endsWith("|192.0.2.7");
    }
  }

  // ---- TLS ----

  @Test
  void tls_speaksBothVersionsOfHttp() throws Exception {
    X509Certificate made = write("localhost");
    try (WebServer server =
        open(loopback(), Tls.of(certificate.toString(), key.toString()), false)) {
      for (HttpClient.Version version : HttpClient.Version.values()) {
        HttpResponse<String> response = get(Certificates.client(made), server.port(), version);
        assertThat(response.version()).isEqualTo(version);
        assertThat(response.body())
            .isEqualTo(
                (version == HttpClient.Version.HTTP_2 ? "HTTP/2.0" : "HTTP/1.1")
                    + "|https|on|127.0.0.1");
      }
    }
  }

  @Test
  void tls_takesAnotherCertificateWhenTheFilesChange() throws Exception {
    write("localhost");
    Tls tls = Tls.of(certificate.toString(), key.toString());
    try (WebServer server = open(loopback(), tls, false)) {
      X509Certificate next = write("localhost");
      assertThatThrownBy(
              () -> get(Certificates.client(next), server.port(), HttpClient.Version.HTTP_1_1))
          .isInstanceOf(IOException.class);

      tls.reload();
      assertThat(
              get(Certificates.client(next), server.port(), HttpClient.Version.HTTP_1_1)
                  .statusCode())
          .isEqualTo(200);

      Files.writeString(certificate, "broken");
      tls.reload();
      assertThat(
              get(Certificates.client(next), server.port(), HttpClient.Version.HTTP_1_1)
                  .statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void tls_refusesFilesThatDoNotBelongTogether() throws Exception {
    write("localhost");
    Path first = Files.copy(key, directory.resolve("first.pem"));
    write("localhost");

    assertThatThrownBy(() -> Tls.of(certificate.toString(), first.toString()))
        .hasMessageStartingWith("--tls-key must be the key of the first certificate");
    assertThatThrownBy(() -> Tls.of(key.toString(), key.toString()))
        .hasMessageStartingWith("FILE of --tls-cert must hold certificates in PEM");
    assertThatThrownBy(() -> Tls.of(certificate.toString(), certificate.toString()))
        .hasMessageStartingWith("FILE of --tls-key must hold a private key in PEM");
    assertThatThrownBy(() -> Tls.of(certificate.toString(), null))
        .hasMessage("--tls-cert must come with --tls-key");
    assertThatThrownBy(() -> Tls.of(directory.resolve("nowhere").toString(), key.toString()))
        .hasMessageStartingWith("FILE of --tls-cert must be readable: ");
    assertThatThrownBy(
            () -> Tls.of(certificate.toString(), directory.resolve("nowhere").toString()))
        .hasMessageStartingWith("FILE of --tls-key must be readable: ");
  }

  /** HTTP/2 needs no header that says that a body comes, and one connection has many requests. */
  @Test
  void attackF08_drippingBodiesInHttp2_leaveThreadsToOthers() throws Exception {
    X509Certificate made = write("localhost");
    Application app =
        (environ, startResponse) -> {
          try {
            environ.input().readAllBytes();
          } catch (IOException e) {
            // The client has left.
          }
          return ECHO.call(environ, startResponse);
        };
    ServerLimits limits = ServerLimits.standard().withThreads(24, 8);
    Tls tls = Tls.of(certificate.toString(), key.toString());
    try (WebServer server = open(loopback(), tls, false, app, limits);
        SubmissionPublisher<ByteBuffer> endless = new SubmissionPublisher<>()) {
      HttpClient slow = Certificates.client(made);
      List<CompletableFuture<HttpResponse<Void>>> uploads = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        HttpRequest upload =
            HttpRequest.newBuilder(URI.create("https://localhost:" + server.port() + "/"))
                .POST(HttpRequest.BodyPublishers.fromPublisher(endless))
                .build();
        uploads.add(slow.sendAsync(upload, HttpResponse.BodyHandlers.discarding()));
      }
      while (endless.getNumberOfSubscribers() < uploads.size()) {
        LockSupport.parkNanos(1_000_000);
      }
      endless.submit(ByteBuffer.wrap(new byte[1]));

      HttpResponse<String> other =
          Certificates.client(made)
              .sendAsync(
                  HttpRequest.newBuilder(URI.create("https://localhost:" + server.port() + "/"))
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .get(5, TimeUnit.SECONDS);
      assertThat(other.statusCode()).isEqualTo(200);
      uploads.forEach(upload -> upload.cancel(true));
    }
  }

  private static HttpResponse<String> get(HttpClient client, int port, HttpClient.Version version)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create("https://localhost:" + port + "/"))
            .version(version)
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private X509Certificate write(String host) throws Exception {
    return Certificates.write(host, certificate, key);
  }
}
