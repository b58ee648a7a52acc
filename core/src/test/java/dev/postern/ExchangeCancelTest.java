package dev.postern;

import static dev.postern.Bodies.bytes;
import static dev.postern.Bodies.steps;
import static dev.postern.Bodies.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.RecordingSink.Step;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class ExchangeCancelTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final IOException GONE = new IOException("gone");

  private final Call call = Call.get("/");
  private final List<String> seen = Collections.synchronizedList(new ArrayList<>());

  private static Application app(Body body) {
    return (environ, start) -> {
      start.start(200, TEXT);
      return body;
    };
  }

  private void cancelFromAnotherThread() throws InterruptedException {
    Thread thread = new Thread(() -> call.exchange().cancel(GONE));
    thread.start();
    thread.join();
  }

  private void assertCancelled() {
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(GONE);
    assertThat(call.sink().aborted()).isSameAs(GONE);
    assertThat(call.environ().isCancelled()).isTrue();
  }

  @Test
  void cancel_beforeRun_sendsNothing() {
    call.environ().onCancel(() -> seen.add("hook"));
    assertThat(call.exchange().cancel(GONE)).isTrue();
    assertThat(seen).containsExactly("hook");
    call.run(app(Body.of("x")));
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("abort");
    assertThat(call.outcome().status()).isZero();
  }

  @Test
  void cancel_duringCall_sendsNothing() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT);
          cancelFromAnotherThread();
          assertThat(environ.isCancelled()).isTrue();
          return Body.of("x");
        });
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("abort");
  }

  @Test
  void cancel_duringCallOfAnEmptyOrHeadResponse_isNoCleanEnd() {
    for (String method : List.of("GET", "HEAD")) {
      Call each = Call.of(method, "/");
      each.run(
          (environ, start) -> {
            start.start(200, TEXT);
            each.exchange().cancel(GONE);
            return Body.empty();
          });
      assertThat(each.sink().events()).containsExactly("abort");
      assertThat(each.outcome().failure()).isSameAs(GONE);
    }
  }

  @Test
  void cancel_duringCallThatThrows_givesTheCauseAndNoErrorPage() {
    call.run(
        (environ, start) -> {
          cancelFromAnotherThread();
          throw new IllegalStateException();
        });
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("abort");
  }

  @Test
  void cancel_duringTheBody_stopsItAtTheNextWriteOrFlush() {
    call.run(
        app(
            Body.writing(
                out -> {
                  out.write(bytes("a"));
                  out.flush();
                  cancelFromAnotherThread();
                  assertThatThrownBy(() -> out.write('b')).isInstanceOf(IOException.class);
                  assertThatThrownBy(out::flush).isInstanceOf(IOException.class).hasCause(GONE);
                  seen.add("threw");
                  out.write('c');
                })));
    assertThat(seen).containsExactly("threw");
    assertCancelled();
    assertThat(call.text()).isEqualTo("a");
  }

  @Test
  void cancel_duringABodyThatThenEndsCleanly_isNoCleanEnd() {
    call.run(
        app(
            Body.writing(
                out -> {
                  out.write(bytes("a"));
                  out.flush();
                  cancelFromAnotherThread();
                })));
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("head 200", "write 1", "flush", "abort");
  }

  @Test
  void cancel_duringABodyThatSwallowsIt_isNoCleanEnd() {
    call.run(
        app(
            Body.writing(
                out -> {
                  cancelFromAnotherThread();
                  try {
                    out.write(bytes("a"));
                  } catch (IOException e) {
                    seen.add("swallowed");
                  }
                })));
    assertThat(seen).containsExactly("swallowed");
    assertCancelled();
    assertThat(call.sink().bytes()).isEmpty();
  }

  @Test
  void cancel_duringAnIteratorThatThenEnds_isNoCleanEnd() {
    call.run(
        app(
            steps(
                text("a"),
                () -> {
                  cancelFromAnotherThread();
                  return new byte[0];
                })));
    assertCancelled();
    assertThat(call.text()).isEqualTo("a");
  }

  @Test
  void cancel_whileTheBodyExceedsItsLength_isNoCleanEnd() {
    call.run(
        (environ, start) -> {
          start.start(200, TEXT.with("Content-Length", "1"));
          return Body.writing(
              out -> {
                try {
                  out.write(bytes("ab"));
                } finally {
                  cancelFromAnotherThread();
                }
              });
        });
    assertCancelled();
  }

  @Test
  void cancel_insideTheLastFlush_isNoCleanEnd() {
    call.sink().at(Step.FLUSH, 1, () -> call.exchange().cancel(GONE));
    call.run(app(steps(text("a"))));
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("head 200", "write 1", "flush", "abort");
  }

  @Test
  void cancel_insideTheLastWrite_isNoCleanEnd() {
    call.sink().at(Step.WRITE, 1, () -> call.exchange().cancel(GONE));
    call.run(app(Body.of("a")));
    assertCancelled();
    assertThat(call.sink().events()).containsExactly("head 200", "write 1", "abort");
  }

  @Test
  void cancel_whileTheErrorPageIsSent_isNoCleanEnd() {
    call.sink().at(Step.HEAD, 1, () -> call.exchange().cancel(GONE));
    call.run(
        (environ, start) -> {
          throw new Exception("app");
        });
    assertCancelled();
  }

  @Test
  void cancel_insideFinish_comesTooLate() {
    call.environ().onCancel(() -> seen.add("hook"));
    call.sink().at(Step.FINISH, 1, () -> seen.add("" + call.exchange().cancel(GONE)));
    call.run(app(Body.of("a")));
    assertThat(seen).containsExactly("false");
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.environ().isCancelled()).isFalse();
  }

  @Test
  void cancel_afterTheEnd_isFalseAndRunsNothing() {
    call.environ().onCancel(() -> seen.add("hook"));
    call.run(app(Body.of("a")));
    assertThat(call.exchange().cancel(GONE)).isFalse();
    call.environ().onCancel(() -> seen.add("late hook"));
    assertThat(seen).isEmpty();
    assertThat(call.environ().isCancelled()).isFalse();
  }

  @Test
  void cancel_afterAnErrorPage_isFalse() {
    call.run((environ, start) -> Body.empty());
    assertThat(call.exchange().cancel(GONE)).isFalse();
  }

  @Test
  void cancel_second_isFalseAndKeepsTheFirstCause() {
    call.environ().onCancel(() -> seen.add("hook"));
    assertThat(call.exchange().cancel(GONE)).isTrue();
    assertThat(call.exchange().cancel(new IOException("later"))).isFalse();
    assertThat(seen).containsExactly("hook");
    call.run(app(Body.of("x")));
    assertCancelled();
  }

  @Test
  void cancel_withoutCause_throws() {
    assertThatNullPointerException().isThrownBy(() -> call.exchange().cancel(null));
  }

  // ---- hooks ----

  @Test
  void onCancel_hooks_runInOrderOnTheCancellingThread() throws InterruptedException {
    List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    call.environ().onCancel(() -> seen.add("first"));
    call.environ().copy().onCancel(() -> seen.add("second " + call.environ().isCancelled()));
    call.environ().onCancel(() -> threads.add(Thread.currentThread()));
    cancelFromAnotherThread();
    assertThat(seen).containsExactly("first", "second true");
    assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
  }

  @Test
  void onCancel_alreadyCancelled_runsAtOnce() {
    call.exchange().cancel(GONE);
    call.environ().onCancel(() -> seen.add("hook"));
    assertThat(seen).containsExactly("hook");
  }

  @Test
  void onCancel_hookThatThrows_doesNotKeepTheOthersFromRunning() {
    for (Throwable error : List.of(new IllegalStateException(), new IOException(), new Error())) {
      Call each = Call.get("/");
      IOException cause = new IOException("cause");
      each.environ()
          .onCancel(
              () -> {
                throw Sneaky.<RuntimeException>rethrow(error);
              });
      each.environ().onCancel(() -> seen.add("ran"));
      assertThat(each.exchange().cancel(cause)).isTrue();
      assertThat(cause).hasSuppressedException(error);
    }
    assertThat(seen).containsExactly("ran", "ran", "ran");
  }

  @Test
  void onCancel_hookThatAddsAHook_runsIt() {
    call.environ().onCancel(() -> call.environ().onCancel(() -> seen.add("inner")));
    call.exchange().cancel(GONE);
    assertThat(seen).containsExactly("inner");
  }

  @Test
  void onCancel_failureAfterCommit_runsTheHooks() {
    call.environ().onCancel(() -> seen.add("hook"));
    call.run(app(steps(text("a"), Bodies.fail(new IOException()))));
    assertThat(seen).containsExactly("hook");
  }

  // ---- the sink ----

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"HEAD", "WRITE", "FLUSH", "FINISH"})
  void sinkFailure_cancelsAndRunsHooksOnce(Step step) {
    List<String> hooks = new ArrayList<>();
    call.environ().onCancel(() -> hooks.add("hook"));
    call.sink().failAt(step, 1, GONE);
    call.run(app(steps(text("a"), text("b"))));
    assertThat(hooks).containsExactly("hook");
    assertThat(call.environ().isCancelled()).isTrue();
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(GONE);
    assertThat(call.sink().aborted()).isSameAs(GONE);
    assertThat(call.exchange().cancel(GONE)).isFalse();
    assertThat(call.errors()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(
      value = Step.class,
      names = {"HEAD", "WRITE", "FLUSH"})
  void sinkFailure_swallowedByTheBody_isNoCleanEnd(Step step) {
    call.sink().failAt(step, 1, GONE);
    call.run(
        app(
            Body.writing(
                out -> {
                  for (int i = 0; i < 3; i++) {
                    try {
                      out.write(bytes("a"));
                      out.flush();
                    } catch (IOException e) {
                      seen.add("swallowed");
                    }
                  }
                })));
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).isSameAs(GONE);
    assertThat(seen).hasSize(3);
  }

  @Test
  void sinkFailure_atHead_hasSentNoStatus() {
    call.sink().failAt(Step.HEAD, 1, GONE);
    Outcome outcome = call.exchange().run(app(Body.of("x")));
    assertThat(outcome.status()).isZero();
    assertThat(outcome.bytes()).isZero();
  }

  @Test
  void sinkFailure_isNotLoggedAsTheApplicationsFault() {
    call.sink().failAt(Step.WRITE, 1, GONE);
    call.run(app(Body.of("x")));
    assertThat(call.errors()).isEmpty();
  }

  // ---- races ----

  @Test
  void cancel_racingWithTheEnd_isEitherCompleteOrCancelled() throws Exception {
    for (int round = 0; round < 500; round++) {
      Call each = Call.get("/");
      AtomicInteger hooks = new AtomicInteger();
      AtomicBoolean cancelled = new AtomicBoolean();
      each.environ().onCancel(hooks::incrementAndGet);
      CountDownLatch go = new CountDownLatch(1);
      Exchange exchange = each.exchange();
      Thread canceller =
          new Thread(
              () -> {
                go.countDown();
                cancelled.set(exchange.cancel(GONE));
              });
      canceller.start();
      go.await();
      each.run(app(Body.of("x")));
      canceller.join();
      assertThat(each.outcome().complete()).isEqualTo(!cancelled.get());
      assertThat(hooks).hasValue(cancelled.get() ? 1 : 0);
      assertThat(each.environ().isCancelled()).isEqualTo(cancelled.get());
    }
  }

  @Test
  void onCancel_racingWithCancel_runsEveryHookOnce() throws Exception {
    for (int round = 0; round < 500; round++) {
      Call each = Call.get("/");
      AtomicInteger hooks = new AtomicInteger();
      Environ environ = each.environ();
      Exchange exchange = each.exchange();
      CountDownLatch go = new CountDownLatch(1);
      Thread canceller =
          new Thread(
              () -> {
                go.countDown();
                exchange.cancel(GONE);
              });
      canceller.start();
      go.await();
      for (int i = 0; i < 20; i++) {
        environ.onCancel(hooks::incrementAndGet);
      }
      canceller.join();
      assertThat(hooks).hasValue(20);
    }
  }

  @Test
  void report_fromAnotherThreadAtTheEnd_neverBreaksTheOutcome() throws Exception {
    for (int round = 0; round < 200; round++) {
      Call each = Call.get("/");
      Environ environ = each.environ();
      CountDownLatch go = new CountDownLatch(1);
      Thread reporter =
          new Thread(
              () -> {
                go.countDown();
                for (int i = 0; i < 200; i++) {
                  environ.report("fact.n" + i, i);
                }
              });
      reporter.start();
      go.await();
      each.run(app(Body.of("x")));
      reporter.join();
      assertThat(each.outcome().complete()).isTrue();
    }
  }
}
