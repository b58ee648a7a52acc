package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of an environ is the request's, the copy's, and for how long. */
class EnvironScopeTest {
  private final Call call = Call.get("/a/b?q").header("Cookie", "secret").body("body");
  private final Environ environ = call.environ();

  private Call run() {
    return call.run(Application.of(e -> Response.of(200, Headers.of(), Body.empty())));
  }

  // ---- after the exchange ----

  @Test
  void environ_afterItsExchange_throws() {
    Environ copy = environ.copy();
    InputStream input = environ.input();
    run();
    for (Environ each : List.of(environ, copy)) {
      for (Callable<?> use :
          List.<Callable<?>>of(
              () -> each.header("Cookie"),
              () -> each.get("HTTP_COOKIE"),
              () -> each.get("x.y"),
              () -> each.put("x.y", 1),
              () -> each.remove("x.y"),
              each::entrySet,
              each::method,
              each::input,
              each::url,
              each::copy,
              each::snapshot,
              () -> each.mounted("/a"))) {
        assertThatThrownBy(use::call)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("snapshot()");
      }
      assertThat(each.toString()).isEqualTo("Environ[ended]");
      assertThat(each.isCancelled()).isFalse();
    }
    assertThatThrownBy(input::read).isInstanceOf(IOException.class);
  }

  @Test
  void environ_inAFinishHook_isStillThere() {
    List<String> seen = new ArrayList<>();
    environ.onFinish(outcome -> seen.add(environ.method() + environ.header("Cookie")));
    run();
    assertThat(seen).containsExactly("GETsecret");
  }

  /** In a container, the source holds the request object of a connection. */
  @Test
  void snapshot_doesNotKeepTheSource() throws InterruptedException {
    List<Environ> snapshots = new ArrayList<>();
    WeakReference<Environ.Source> source = snapshotted(snapshots);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (source.get() != null && System.nanoTime() - end < 0) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(5);
    }
    assertThat(source.get()).isNull();
    assertThat(snapshots.get(0).method()).isEqualTo("GET");
  }

  private static WeakReference<Environ.Source> snapshotted(List<Environ> snapshots) {
    Environ.Source source =
        new Environ.Source() {
          @Override
          public String variable(String name) {
            return name.equals("REQUEST_METHOD") ? "GET" : null;
          }

          @Override
          public Set<String> names() {
            return Set.of("REQUEST_METHOD");
          }
        };
    snapshots.add(Environ.builder(source).build().snapshot());
    return new WeakReference<>(source);
  }

  @Test
  void snapshot_keepsTheValues() throws IOException {
    environ.put("app.user", "bob");
    Environ snapshot = environ.snapshot();
    environ.put("app.user", "eve");
    run();
    assertThat(snapshot.header("Cookie")).isEqualTo("secret");
    assertThat(snapshot.pathInfo()).isEqualTo("/a/b");
    assertThat(snapshot.queryString()).isEqualTo("q");
    assertThat(snapshot).containsEntry("app.user", "bob").containsKey("SERVER_NAME");
    assertThat(snapshot.input().read()).isEqualTo(-1);
    assertThat(snapshot.isCancelled()).isFalse();
    assertThat(snapshot.scheme()).isEqualTo("http");
  }

  // ---- extensions ----

  @Test
  void extension_putBelow_isSeenAbove() {
    Environ below = environ.mounted("/a");
    below.put("app.route", "/b");
    assertThat(environ.get("app.route")).isEqualTo("/b");
    assertThat(environ.copy()).containsEntry("app.route", "/b");
    assertThat(environ.keySet()).contains("app.route").doesNotHaveDuplicates();
    environ.remove("app.route");
    assertThat(below.get("app.route")).isNull();
  }

  @Test
  void ownKeysAndVariables_belongToTheCopy() {
    Environ copy = environ.copy();
    InputStream other = InputStream.nullInputStream();
    copy.put("postern.input", other);
    copy.put("PATH_INFO", "/x");
    assertThat(copy.input()).isSameAs(other);
    assertThat(environ.input()).isNotSameAs(other);
    assertThat(environ.pathInfo()).isEqualTo("/a/b");
  }

  @Test
  void entries_ofBoth_areListedAndRemovable() {
    environ.put("app.a", 1);
    environ.put("X_OWN", "v");
    int size = environ.size();
    for (Iterator<Map.Entry<String, Object>> i = environ.entrySet().iterator(); i.hasNext(); ) {
      String key = i.next().getKey();
      if (key.equals("app.a") || key.equals("X_OWN")) {
        i.remove();
      }
    }
    assertThat(environ).hasSize(size - 2).doesNotContainKeys("app.a", "X_OWN");
  }

  // ---- what is refused ----

  @ParameterizedTest
  @ValueSource(strings = {"", "A=B", "A\nB", "A\0", "A\u007f"})
  void put_nameThatIsNone_isRefused(String name) {
    assertThatThrownBy(() -> environ.put(name, "x")).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postern.version",
        "postern.url_scheme",
        "postern.input",
        "postern.errors",
        "postern.multithread",
        "postern.multiprocess",
        "postern.run_once"
      })
  void put_otherTypeUnderAnOwnKey_isRefused(String key) {
    assertThatThrownBy(() -> environ.put(key, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> environ.remove(key)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"REQUEST_METHOD", "PATH_INFO", "SERVER_NAME", "QUERY_STRING"})
  void remove_whatEveryRequestHas_isRefused(String name) {
    assertThatThrownBy(() -> environ.remove(name)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> environ.keySet().remove(name))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(environ.get(name)).isNotNull();
  }

  @Test
  void clear_isRefused() {
    assertThatThrownBy(environ::clear).isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> environ.entrySet().clear())
        .isInstanceOf(UnsupportedOperationException.class);
    assertThat(environ.method()).isEqualTo("GET");
  }

  // ---- readers ----

  @Test
  void readers_giveWhatIsThere() {
    Environ full =
        Environ.builder(
                Map.of(
                    "REMOTE_ADDR", "::1",
                    "REMOTE_USER", "bob",
                    "SERVER_NAME", "[::1]",
                    "SERVER_PORT", "8080",
                    "SERVER_PROTOCOL", "HTTP/2.0"))
            .build();
    assertThat(full.remoteAddr()).isEqualTo("::1");
    assertThat(full.remoteUser()).isEqualTo("bob");
    assertThat(full.serverName()).isEqualTo("[::1]");
    assertThat(full.serverPort()).isEqualTo(8080);
    assertThat(full.protocol()).isEqualTo("HTTP/2.0");
    Environ empty = Environ.builder(Map.of("SERVER_PORT", "x")).build();
    assertThat(empty.remoteAddr()).isNull();
    assertThat(empty.remoteUser()).isNull();
    assertThat(empty.serverName()).isEmpty();
    assertThat(empty.serverPort()).isEqualTo(-1);
    assertThat(empty.protocol()).isEmpty();
  }
}
