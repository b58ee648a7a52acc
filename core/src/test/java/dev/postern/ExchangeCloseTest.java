package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.fail;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.RecordingSink.Step;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** W4, O01: exactly one close, on the request's thread, on every path. */
class ExchangeCloseTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");

  private static Arguments path(String name, Body body, Consumer<Call> prepare) {
    return Arguments.of(name, body, prepare, TEXT, 200, "GET");
  }

  static Stream<Arguments> paths() {
    Consumer<Call> nothing = call -> {};
    IOException gone = new IOException("gone");
    List<Arguments> paths = new ArrayList<>();
    paths.add(path("whole", Body.of("x"), nothing));
    paths.add(path("empty", Body.empty(), nothing));
    paths.add(path("iterated", steps(text("a"), text("b")), nothing));
    paths.add(path("fails before commit", steps(fail(gone)), nothing));
    paths.add(path("fails after commit", steps(text("a"), fail(gone)), nothing));
    paths.add(path("fails with an Error", steps(fail(new StackOverflowError())), nothing));
    paths.add(Arguments.of("HEAD", Body.of("x"), nothing, TEXT, 200, "HEAD"));
    for (int status : List.of(204, 205, 304)) {
      paths.add(Arguments.of("status " + status, Body.of("x"), nothing, TEXT, status, "GET"));
    }
    for (Step step : List.of(Step.HEAD, Step.WRITE, Step.FLUSH, Step.FINISH)) {
      for (Throwable error : List.of(gone, new RuntimeException(), new NoClassDefFoundError())) {
        paths.add(
            path(
                "sink fails at " + step + " with " + error.getClass().getSimpleName(),
                steps(text("a"), text("b")),
                call -> call.sink().failAt(step, 1, error)));
      }
    }
    for (String length : List.of("1", "9")) {
      paths.add(
          Arguments.of(
              "Content-Length " + length,
              steps(text("a"), text("b")),
              nothing,
              TEXT.with("Content-Length", length),
              200,
              "GET"));
    }
    return paths.stream();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("paths")
  void closeO01_everyPath_isOnceOnTheRequestsThread(
      String name, Body body, Consumer<Call> prepare, Headers headers, int status, String method) {
    TrackedBody tracked = new TrackedBody(body);
    Call call = Call.of(method, "/");
    prepare.accept(call);
    call.run(
        (environ, start) -> {
          start.start(status, headers);
          return tracked;
        });
    assertThat(tracked.closedOn()).containsExactly(Thread.currentThread());
  }

  @Test
  void closeO01_startNeverCalled_isOnce() {
    TrackedBody body = new TrackedBody("x");
    Call.get("/").run((environ, start) -> body);
    assertThat(body.closes()).isEqualTo(1);
    assertThat(body.uses()).isZero();
  }

  @Test
  void closeO01_startRefusesAResponder_isOnce() {
    for (Headers refused :
        List.of(
            Headers.of("Connection", "close"),
            Headers.of("Content-Length", "x"),
            Headers.of("Status", "200"))) {
      TrackedBody body = new TrackedBody("x").failOnClose(new IOException("close"));
      Call call = Call.get("/").run(Application.of(environ -> Response.of(200, refused, body)));
      assertThat(call.status()).isEqualTo(500);
      assertThat(body.closes()).isEqualTo(1);
      assertThat(call.errors()).contains("IllegalArgumentException", "IOException: close");
    }
  }

  @Test
  void closeO01_cancelledFromAnotherThread_isOnceOnTheRequestsThread() {
    TrackedBody body =
        new TrackedBody(
            Body.writing(
                out -> {
                  out.write(bytes("a"));
                  out.flush();
                  Thread canceller = new Thread(() -> exchange.get().cancel(new IOException()));
                  canceller.start();
                  canceller.join();
                  out.write(bytes("b"));
                }));
    Call call = Call.get("/");
    exchange.set(call.exchange());
    call.run(Application.of(environ -> Response.of(200, TEXT, body)));
    assertThat(body.closedOn()).containsExactly(Thread.currentThread());
    assertThat(call.outcome().complete()).isFalse();
  }

  private final AtomicReference<Exchange> exchange = new AtomicReference<>();

  @Test
  void close_comesAfterTheResponseAndBeforeTheHooks() {
    Call call = Call.get("/");
    List<String> seen = new ArrayList<>();
    TrackedBody body = new TrackedBody("x").atClose(() -> seen.addAll(call.sink().events()));
    call.environ().onFinish(outcome -> seen.add("hook"));
    call.run(Application.of(environ -> Response.of(200, TEXT, body)));
    assertThat(seen).containsExactly("head 200", "write 1", "finish", "hook");
  }

  @Test
  void closeO01_sinkWhoseAbortThrows_isOnceAndHooksRun() {
    for (Throwable error : List.of(new IllegalStateException(), new NoClassDefFoundError())) {
      Call call = Call.get("/");
      List<String> seen = new ArrayList<>();
      TrackedBody body = new TrackedBody(steps(text("a"), fail(new IOException())));
      call.sink().failAt(Step.ABORT, 1, error);
      call.environ().onFinish(outcome -> seen.add("hook"));
      call.run(Application.of(environ -> Response.of(200, TEXT, body)));
      assertThat(body.closes()).isEqualTo(1);
      assertThat(seen).containsExactly("hook");
      assertThat(call.errors()).contains(error.toString());
    }
  }

  @Test
  void closeO01_errorPageThatCannotBeSent_isOnceAndHooksRun() {
    for (Step step : List.of(Step.HEAD, Step.WRITE, Step.FINISH)) {
      for (Throwable error :
          List.of(new IOException(), new RuntimeException(), new NoClassDefFoundError())) {
        Call call = Call.get("/");
        List<String> seen = new ArrayList<>();
        Exception own = new Exception("app");
        TrackedBody body = new TrackedBody(steps(fail(own)));
        call.sink().failAt(step, 1, error);
        call.environ().onFinish(outcome -> seen.add("hook"));
        call.run(Application.of(environ -> Response.of(200, TEXT, body)));
        assertThat(body.closes()).isEqualTo(1);
        assertThat(seen).containsExactly("hook");
        assertThat(call.outcome().complete()).isFalse();
        // A peer that is gone is why there is no response; a page that cannot be sent is not.
        assertThat(call.outcome().failure()).isSameAs(error instanceof IOException ? error : own);
        assertThat(call.errors()).contains("Exception: app");
      }
    }
  }
}
