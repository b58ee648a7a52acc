package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.Web;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SessionsTest {
  private static final byte[] SECRET = "0123456789abcdef0123456789abcdef".getBytes();
  private static final byte[] OTHER = "fedcba9876543210fedcba9876543210".getBytes();

  @TempDir Path directory;
  private final Time time = new Time();

  private static final class Time extends Clock {
    private Instant now = Instant.parse("2025-01-01T00:00:00Z");

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  enum Kind {
    SIGNED,
    MEMORY,
    FILES
  }

  private Sessions.Builder builder(Kind kind) throws IOException {
    Sessions.Builder builder =
        switch (kind) {
          case SIGNED -> Sessions.signed(SECRET);
          case MEMORY -> Sessions.builder(new MemorySessions(10, time));
          case FILES -> Sessions.builder(FileSessions.of(directory.resolve("s"), time));
        };
    return builder.clock(time).idle(Duration.ofHours(1));
  }

  /** A browser of one cookie. */
  private static final class Browser {
    private final Application application;
    private String cookie;
    private TestResponse response;

    Browser(Application application) {
      this.application = application;
    }

    String get(String target) {
      TestRequest request = TestRequest.get(target);
      if (cookie != null) {
        request = request.withHeader("Cookie", "other=1; session=" + cookie);
      }
      response = InMemoryGateway.of(application).run(request);
      String set = response.header("Set-Cookie");
      if (set != null) {
        String value = set.substring(set.indexOf('=') + 1, set.indexOf(';'));
        cookie = value.isEmpty() ? null : value;
      }
      return response.text();
    }
  }

  /** Counts, and does what the path says. */
  private static Response app(Environ environ) {
    Session session = Session.of(environ);
    switch (environ.pathInfo()) {
      case "/nothing" -> {
        return Responses.text("nothing");
      }
      case "/peek" -> {
        return Responses.text(session.get("n") + " " + session.isNew());
      }
      case "/renew" -> session.renew();
      case "/end" -> session.end();
      case "/remove" -> session.remove("n");
      case "/large" -> session.put("x", "y".repeat(5000));
      default -> {
        String n = session.get("n");
        session.put("n", n == null ? "1" : n + "1");
      }
    }
    return Responses.text(session.names() + " " + session.get("n"));
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"MEMORY", "FILES"})
  void session_endedDuringAnotherRequest_staysEnded(Kind kind) throws Exception {
    Deque<Runnable> meanwhile = new ArrayDeque<>();
    Application application =
        Application.of(
                environ -> {
                  Session.of(environ).get("n");
                  if (!meanwhile.isEmpty()) {
                    meanwhile.remove().run();
                  }
                  return app(environ);
                })
            .with(builder(kind).build());
    for (String late : List.of("/", "/renew")) {
      Browser browser = new Browser(application);
      assertThat(browser.get("/")).isEqualTo("[n] 1");
      Browser thief = new Browser(application);
      thief.cookie = browser.cookie;

      meanwhile.add(() -> browser.get("/end"));
      thief.get(late);

      assertThat(thief.response.header("Set-Cookie")).isNull();
      assertThat(thief.get("/peek")).isEqualTo("null true");
    }
  }

  /** A logout can come between any two steps of the store. */
  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"MEMORY", "FILES"})
  void session_thatEndsWhileItIsKept_staysEnded(Kind kind) throws Exception {
    SessionStore store =
        kind == Kind.MEMORY
            ? new MemorySessions(10, time)
            : FileSessions.of(directory.resolve("s"), time);
    SessionStore.Stored session =
        new SessionStore.Stored(Map.of("n", "1"), time.now.plusSeconds(60));
    assertThat(store.replace("id", session)).isFalse();
    assertThat(store.load("id")).isNull();
    for (int round = 0; round < 30; round++) {
      store.save("id", session);
      keepDuringLogout(store, store, session);
    }
  }

  /** Keeps the session until the other store's logout has ended it. */
  private static void keepDuringLogout(
      SessionStore store, SessionStore other, SessionStore.Stored session) throws IOException {
    CompletableFuture<Void> logout =
        CompletableFuture.runAsync(
            () -> {
              try {
                other.delete("id");
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    logout.orTimeout(60, TimeUnit.SECONDS);
    // If a session comes back, each replace() keeps it. So the logout ends this loop, too.
    boolean ended = false;
    while (store.replace("id", session) && !ended) {
      ended = logout.isDone();
    }
    logout.join();
    assertThat(store.load("id")).isNull();
  }

  /**
   * A process loses its lock of a file when it closes any channel of that file. A session's file is
   * a FIFO here, so that its store waits with the lock.
   */
  @Test
  void storeThatWaits_hasNoChannelThatCouldEndTheLockOfAnother() throws Exception {
    assumeThat(Path.of("/proc/self/fd")).as("descriptors, which Linux lists").isDirectory();
    Path root = directory.resolve("s");
    SessionStore store = FileSessions.of(root, time);
    SessionStore other =
        FileSessions.of(Files.createSymbolicLink(directory.resolve("link"), root), time);
    SessionStore.Stored session =
        new SessionStore.Stored(Map.of("n", "1"), time.now.plusSeconds(60));
    store.save("id", session);
    Path file = root.resolve(names(root).get(1));
    Files.delete(file);
    assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor()).isZero();

    FutureTask<Boolean> keeping = new FutureTask<>(() -> store.replace("id", session));
    new Thread(keeping).start();
    Path lock = root.resolve(".swept").toRealPath();
    while (channels(lock) == 0) {
      Thread.sleep(1);
    }
    FutureTask<Void> logout =
        new FutureTask<>(
            () -> {
              other.delete("other");
              return null;
            });
    Thread waiting = new Thread(logout);
    waiting.start();
    while (waiting.getState() != Thread.State.BLOCKED
        && waiting.getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
    long channels = channels(lock);
    Files.write(file, new byte[0]);
    assertThat(keeping.get()).isFalse();
    logout.get();
    assertThat(channels).isEqualTo(1);
  }

  /** Returns how many descriptors of the file this process has. */
  private static long channels(Path file) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.filter(
              each -> {
                try {
                  return Files.readSymbolicLink(each).equals(file);
                } catch (IOException e) {
                  return false;
                }
              })
          .count();
    }
  }

  @Test
  void replace_excludesALogoutByAnotherStoreOfTheDirectory() throws Exception {
    SessionStore store = FileSessions.of(directory.resolve("s"), time);
    SessionStore other = FileSessions.of(directory.resolve("s"), time);
    SessionStore.Stored session =
        new SessionStore.Stored(Map.of("n", "1"), time.now.plusSeconds(60));
    for (int round = 0; round < 20; round++) {
      store.save("id", session);
      keepDuringLogout(store, other, session);
    }
  }

  @ParameterizedTest
  @EnumSource
  void session_lastsFromRequestToRequest(Kind kind) throws Exception {
    Browser browser = new Browser(Application.of(SessionsTest::app).with(builder(kind).build()));
    assertThat(browser.get("/nothing")).isEqualTo("nothing");
    assertThat(browser.response.header("Set-Cookie")).isNull();
    assertThat(browser.get("/peek")).isEqualTo("null true");
    assertThat(browser.response.header("Set-Cookie")).isNull();
    assertThat(browser.get("/")).isEqualTo("[n] 1");
    assertThat(browser.response.header("Set-Cookie"))
        .startsWith("session=")
        .endsWith("; Path=/; HttpOnly; SameSite=Lax");
    assertThat(browser.response.header("Cache-Control")).isEqualTo("no-store");
    assertThat(browser.get("/")).isEqualTo("[n] 11");
    assertThat(browser.get("/peek")).isEqualTo("11 false");
    assertThat(browser.get("/remove")).isEqualTo("[] null");
    assertThat(browser.get("/peek")).isEqualTo("null false");
  }

  @ParameterizedTest
  @EnumSource
  void session_endsWhenToldTo(Kind kind) throws Exception {
    Browser browser = new Browser(Application.of(SessionsTest::app).with(builder(kind).build()));
    browser.get("/");
    String cookie = browser.cookie;
    browser.get("/end");
    assertThat(browser.response.header("Set-Cookie")).contains("session=; Max-Age=0");
    assertThat(browser.cookie).isNull();
    if (kind != Kind.SIGNED) {
      browser.cookie = cookie;
      assertThat(browser.get("/peek")).isEqualTo("null true");
    }
  }

  @ParameterizedTest
  @EnumSource
  void session_endsUnused_andLastsInUse(Kind kind) throws Exception {
    Browser browser = new Browser(Application.of(SessionsTest::app).with(builder(kind).build()));
    browser.get("/");
    time.now = time.now.plus(Duration.ofMinutes(40));
    assertThat(browser.get("/peek")).isEqualTo("1 false");
    time.now = time.now.plus(Duration.ofMinutes(40));
    assertThat(browser.get("/peek")).isEqualTo("1 false");
    time.now = time.now.plus(Duration.ofMinutes(61));
    assertThat(browser.get("/peek")).isEqualTo("null true");
  }

  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "FILES"})
  void renew_changesTheId(Kind kind) throws Exception {
    Browser browser = new Browser(Application.of(SessionsTest::app).with(builder(kind).build()));
    browser.get("/");
    String before = browser.cookie;
    assertThat(before).hasSize(32);
    assertThat(browser.get("/renew")).isEqualTo("[n] 1");
    assertThat(browser.cookie).hasSize(32).isNotEqualTo(before);
    assertThat(browser.get("/peek")).isEqualTo("1 false");
    browser.cookie = before;
    assertThat(browser.get("/peek")).isEqualTo("null true");
  }

  @ParameterizedTest
  @EnumSource
  void cookie_thatNobodyMade_isANewSession(Kind kind) throws Exception {
    Browser browser = new Browser(Application.of(SessionsTest::app).with(builder(kind).build()));
    for (String cookie :
        List.of("x", "../../etc/passwd", "a.b", ".", "AAAA.AAAA", "\"", "x".repeat(300), "")) {
      browser.cookie = cookie;
      assertThat(browser.get("/peek")).isEqualTo("null true");
      browser.cookie = cookie;
      assertThat(browser.get("/")).isEqualTo("[n] 1");
      assertThat(browser.cookie).isNotEqualTo(cookie);
    }
  }

  @Test
  void signed_changedOrOfAnotherSecret_isANewSession() {
    Application app = Application.of(SessionsTest::app);
    Browser browser = new Browser(app.with(Sessions.signed(SECRET).clock(time).build()));
    browser.get("/");
    String good = browser.cookie;
    for (int i = 0; i < good.length(); i += 5) {
      char[] changed = good.toCharArray();
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      browser.cookie = new String(changed);
      assertThat(browser.get("/peek")).isEqualTo("null true");
    }
    Browser rotated = new Browser(app.with(Sessions.signed(OTHER, SECRET).clock(time).build()));
    rotated.cookie = good;
    assertThat(rotated.get("/peek")).isEqualTo("1 false");
    Browser other = new Browser(app.with(Sessions.signed(OTHER).clock(time).build()));
    other.cookie = good;
    assertThat(other.get("/peek")).isEqualTo("null true");
    Browser named =
        new Browser(app.with(Sessions.signed(SECRET).cookieName("other").clock(time).build()));
    named.cookie = good;
    assertThat(named.get("/peek")).isEqualTo("null true");
  }

  @Test
  void signed_tooLarge_isThisServersFault() {
    Browser browser =
        new Browser(Application.of(SessionsTest::app).with(Sessions.signed(SECRET).build()));
    browser.get("/large");
    assertThat(browser.response.status()).isEqualTo(500);
    assertThatIllegalArgumentException().isThrownBy(() -> Sessions.signed(new byte[31]));
    assertThatIllegalArgumentException().isThrownBy(Sessions::signed);
  }

  @Test
  void cookie_isSecureOverTls() {
    Application app = Application.of(SessionsTest::app).with(Sessions.signed(SECRET).build());
    TestResponse response =
        InMemoryGateway.builder(app).scheme("https").build().run(TestRequest.get("/"));
    assertThat(response.header("Set-Cookie")).contains("; Secure");
  }

  @Test
  void session_changedAfterTheStart_isRefused() {
    Application late =
        (environ, start) -> {
          start.start(200, Headers.of("Content-Type", "text/plain"));
          Session.of(environ).put("a", "b");
          return dev.postern.Body.empty();
        };
    TestResponse response =
        Web.run(late.with(Sessions.signed(SECRET).build()), TestRequest.get("/"));
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.log()).contains("before the response is started");
    assertThatIllegalStateException().isThrownBy(() -> Session.of(Web.environ()));
  }

  // ---- stores ----

  @Test
  void memory_holdsTheRecentOnes() throws Exception {
    SessionStore store = new MemorySessions(2, time);
    SessionStore.Stored session =
        new SessionStore.Stored(Map.of("a", "b"), time.now.plusSeconds(10));
    store.save("1", session);
    store.save("2", session);
    assertThat(store.load("1")).isNotNull();
    store.save("3", session);
    assertThat(store.load("2")).isNull();
    assertThat(store.load("1")).isEqualTo(session);
    time.now = time.now.plusSeconds(10);
    assertThat(store.load("1")).isNull();
    assertThatIllegalArgumentException().isThrownBy(() -> SessionStore.inMemory(0));
  }

  @Test
  void files_arePrivate_andSwept() throws Exception {
    Path root = directory.resolve("deep/er");
    SessionStore store = FileSessions.of(root, time);
    SessionStore.Stored session =
        new SessionStore.Stored(Map.of("\u00e4", "\u20ac\0\n"), time.now.plusSeconds(10));
    store.save("../x", session);
    assertThat(store.load("../x")).isEqualTo(session);
    assertThat(names(root))
        .hasSize(2)
        .allMatch(name -> name.equals(".swept") || name.length() == 64);
    assertThat(Files.getPosixFilePermissions(root)).hasSize(3);
    for (String name : names(root)) {
      if (name.length() == 64) {
        assertThat(Files.getPosixFilePermissions(root.resolve(name))).hasSize(2);
        Files.write(root.resolve(name), new byte[] {1, 2, 3});
      }
    }
    assertThat(store.load("../x")).isNull();
    Files.createFile(root.resolve(".new-killed"));
    time.now = Instant.now().plusSeconds(20_000);
    store.save("y", new SessionStore.Stored(Map.of(), time.now.plusSeconds(10)));
    assertThat(names(root)).hasSize(2);
    store.delete("y");
    store.delete("y");
    assertThat(names(root)).containsExactly(".swept");
    Path file = Files.createFile(directory.resolve("file"));
    assertThatExceptionOfType(NotDirectoryException.class)
        .isThrownBy(() -> SessionStore.inFiles(file));
  }

  @Test
  void sweep_deletesOnlyFilesOfSessions_andFailsNoSave() throws Exception {
    Path root = Files.createDirectory(directory.resolve("s"));
    SessionStore store = FileSessions.of(root, time);
    String hash = "0123456789abcdef".repeat(4);
    FileTime old = FileTime.from(time.now.minusSeconds(1_000_000));
    List<String> kept =
        List.of("customers.db", ".hidden", "f" + hash, hash.substring(1), hash.replace('f', 'F'));
    for (String name : kept) {
      Files.setLastModifiedTime(Files.createFile(root.resolve(name)), old);
    }
    Path folder = Files.createDirectories(root.resolve("lost+found/x")).getParent();
    Path named = Files.createDirectory(root.resolve(hash.replace('0', '1')));
    Path link = Files.createSymbolicLink(root.resolve(hash.replace('0', '2')), folder);
    Files.setLastModifiedTime(folder, old);
    Files.setLastModifiedTime(named, old);
    Path expired = Files.createFile(root.resolve(hash));
    Path unfinished = Files.createFile(root.resolve(".new-killed"));
    Files.setLastModifiedTime(expired, old);
    Files.setLastModifiedTime(unfinished, old);

    store.save("x", new SessionStore.Stored(Map.of(), time.now.plusSeconds(10)));
    assertThat(store.load("x")).isNotNull();
    assertThat(names(root)).containsAll(kept);
    assertThat(folder.resolve("x")).isDirectory();
    assertThat(named).isDirectory();
    assertThat(link).isSymbolicLink();
    assertThat(expired).doesNotExist();
    assertThat(unfinished).doesNotExist();
  }

  /** The name of what cannot be made or deleted is that of the file with the last sweep's time. */
  @Test
  void sweepThatFails_failsNoSave() throws Exception {
    Path root = Files.createDirectory(directory.resolve("s"));
    SessionStore store = FileSessions.of(root, time);
    Files.createSymbolicLink(root.resolve(".swept"), root.resolve("none/none"));
    store.save("x", new SessionStore.Stored(Map.of(), time.now.plusSeconds(10)));
    assertThat(store.load("x")).isNotNull();
  }

  private static List<String> names(Path root) throws IOException {
    try (Stream<Path> files = Files.list(root)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "AQ==",
        "AgAAAAAAAAAAAAA=",
        "AQAAAAAAAAAAAAE=",
        "AQAAAAAAAAAAAAF/////",
        "AQAAAAAAAAAAAAEAAAABYQAAAAH/",
        "AQAAAAAAAAAAAAAA"
      })
  void bytes_thatAreNoSession_areNone(String base64) {
    assertThat(SessionBytes.read(Base64.getDecoder().decode(base64))).isNull();
  }

  // ---- Csrf ----

  private static Application guarded() {
    return Application.of(
            environ ->
                environ.method().equals("GET")
                    ? Responses.text(Csrf.token(environ))
                    : Responses.text("done " + Request.of(environ).form("a")))
        .with(Sessions.signed(SECRET).build(), Csrf.of());
  }

  private static TestRequest post(String cookie, String type, String body) {
    return TestRequest.post("/", type, body).withHeader("Cookie", "session=" + cookie);
  }

  @Test
  void csrf_needsTheTokenOfTheSession() {
    Application app = guarded();
    Browser browser = new Browser(app);
    String token = browser.get("/");
    String second = browser.get("/");
    assertThat(second).isNotEqualTo(token);
    String form = "application/x-www-form-urlencoded";
    for (String good : List.of(token, second)) {
      assertThat(Web.run(app, post(browser.cookie, form, "a=1&_csrf=" + good)).text())
          .isEqualTo("done 1");
      String multipart =
          "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n2\r\n"
              + "--X\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n"
              + good
              + "\r\n--X--\r\n";
      assertThat(
              Web.run(app, post(browser.cookie, "multipart/form-data; boundary=X", multipart))
                  .text())
          .isEqualTo("done 2");
      TestRequest header = post(browser.cookie, form, "a=3").withHeader("X-CSRF-Token", good);
      assertThat(Web.run(app, header).text()).isEqualTo("done 3");
      assertThat(Web.run(app, header.withHeader("Sec-Fetch-Site", "cross-site")).status())
          .isEqualTo(403);
    }
    for (String bad :
        List.of("", "a=1", "_csrf=", "_csrf=x", "_csrf=%21", "_csrf=" + token + "A")) {
      assertThat(Web.run(app, post(browser.cookie, form, bad)).status()).isEqualTo(403);
    }
    Browser other = new Browser(app);
    String others = other.get("/");
    assertThat(Web.run(app, post(browser.cookie, form, "_csrf=" + others)).status()).isEqualTo(403);
    assertThat(Web.run(app, TestRequest.post("/", form, "_csrf=" + token)).status()).isEqualTo(403);
    assertThat(Web.run(app, post(browser.cookie, "application/json", "{}")).status())
        .isEqualTo(403);
    assertThat(Web.run(app, post(browser.cookie, form, "_csrf=%zz")).status()).isEqualTo(400);
  }
}
