package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Applications in middlewares, and the small values of a test. */
class CompositionTest {
  private final List<String> seen = new ArrayList<>();

  private Middleware noting(String name) {
    return application ->
        (environ, start) -> {
          seen.add(name);
          return application.call(environ, start);
        };
  }

  private final class Closeable implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse start) {
      seen.add("app");
      start.start(200, Headers.of());
      return Body.empty();
    }

    @Override
    public void close() {
      seen.add("closed");
    }
  }

  @Test
  void with_firstMiddleware_seesTheRequestFirst() {
    Call.get("/").run(new Closeable().with(noting("a"), noting("b")));
    assertThat(seen).containsExactly("a", "b", "app");
  }

  @Test
  void andThen_isAroundTheOther() {
    Middleware both = noting("a").andThen(noting("b")).andThen(noting("c"));
    Call.get("/").run(both.wrap(new Closeable()));
    assertThat(seen).containsExactly("a", "b", "c", "app");
  }

  @Test
  void wrappers_passCloseOn() throws Exception {
    for (Application wrapped :
        List.of(
            Lint.of().wrap(new Closeable()),
            new Closeable().with(noting("a")),
            new Closeable().with(noting("a"), Lint.of()),
            new Closeable().with(),
            noting("a").andThen(noting("b")).wrap(new Closeable()))) {
      seen.clear();
      ((AutoCloseable) wrapped).close();
      assertThat(seen).containsExactly("closed");
    }
  }

  @Test
  void withBody_dropsAStaleContentLength() {
    Response response =
        Response.of(200, Headers.of("Content-Length", "4", "X-A", "1"), Body.of("four"));
    Response changed = response.withBody(Body.of("x".repeat(100)));
    assertThat(changed.headers()).isEqualTo(Headers.of("X-A", "1"));
    Call call = Call.get("/").run(Application.of(environ -> changed));
    assertThat(call.header("Content-Length")).isEqualTo("100");
    assertThat(call.outcome().failure()).isNull();
  }

  @Test
  void withHeader_replacesAndPlusHeaderAdds() {
    Response response = Response.of(200, Headers.of("Set-Cookie", "a", "X-A", "1"));
    assertThat(response.withHeader("x-a", "2").headers().all("X-A")).containsExactly("2");
    assertThat(response.plusHeader("Set-Cookie", "b").headers().all("Set-Cookie"))
        .containsExactly("a", "b");
    assertThat(response.withHeader("X-B", "3").body()).isSameAs(response.body());
  }

  @Test
  void outcome_canBeMadeByATest() {
    IOException gone = new IOException("gone");
    Outcome outcome = Outcome.of(404, 12, false, gone, Map.of("cgi.exit", "exit 1"));
    assertThat(outcome.status()).isEqualTo(404);
    assertThat(outcome.bytes()).isEqualTo(12);
    assertThat(outcome.complete()).isFalse();
    assertThat(outcome.failure()).isSameAs(gone);
    assertThat(outcome.facts()).containsEntry("cgi.exit", "exit 1");
    assertThat(Outcome.of(200, 0, true, null).facts()).isEmpty();
  }

  // ---- cancellation ----

  @Test
  void onCancel_removed_doesNotRun() {
    Call call = Call.get("/");
    Runnable hook = () -> seen.add("hook");
    Environ.Registration first = call.environ().onCancel(hook);
    call.environ().onCancel(hook);
    first.close();
    first.close();
    call.exchange().cancel(new IOException("gone"));
    assertThat(seen).containsExactly("hook");
    first.close();
  }

  @Test
  void onCancel_hookThatThrows_isTheSameBeforeAndAfter() {
    IOException why = new IOException("gone");
    RuntimeException before = new IllegalStateException("before");
    RuntimeException after = new IllegalStateException("after");
    Call call = Call.get("/");
    call.environ().onCancel(() -> thrown(before));
    call.exchange().cancel(why);
    call.environ().onCancel(() -> thrown(after)).close();
    assertThat(why.getSuppressed()).containsExactly(before, after);
  }

  private static void thrown(RuntimeException e) {
    throw e;
  }

  @Test
  void cancelledBeforeRun_doesNotCallTheApplication() {
    Call call = Call.get("/");
    call.exchange().cancel(new IOException("gone"));
    call.run(new Closeable());
    assertThat(seen).isEmpty();
    assertThat(call.outcome().complete()).isFalse();
  }
}
