package dev.postern;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutcomeTest {
  private static final Application HELLO =
      Application.of(environ -> Response.of(200, Headers.of(), Body.of("hello")));

  @Test
  void outcome_wholeResponse_saysSo() {
    Outcome outcome = Call.get("/").run(HELLO).outcome();
    assertThat(outcome.status()).isEqualTo(200);
    assertThat(outcome.bytes()).isEqualTo(5);
    assertThat(outcome.complete()).isTrue();
    assertThat(outcome.failure()).isNull();
    assertThat(outcome.facts()).isEmpty();
    assertThat(outcome).hasToString("Outcome[200, 5 bytes, complete]");
  }

  @Test
  void outcome_facts_areWhatWasReported() {
    Call call = Call.get("/");
    call.environ().copy().report("cgi.exit", "exit 3");
    call.environ().report("cgi.exit", "exit 4");
    Outcome outcome = call.run(HELLO).outcome();
    assertThat(outcome.facts()).isEqualTo(Map.of("cgi.exit", "exit 4"));
    call.environ().report("cgi.late", 1);
    assertThat(outcome.facts()).doesNotContainKey("cgi.late");
    assertThatThrownBy(() -> outcome.facts().put("a.b", 1))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void toString_failed_showsNoMessage() {
    Call call = Call.get("/");
    call.run(
        (environ, start) -> {
          throw new IOException("/secret/path");
        });
    assertThat(call.outcome()).hasToString("Outcome[500, 26 bytes, complete, java.io.IOException]");
  }

  @Test
  void toString_cut_saysIncomplete() {
    Call call = Call.get("/");
    call.exchange().cancel(new IOException("gone"));
    call.run(HELLO);
    assertThat(call.outcome()).hasToString("Outcome[0, 0 bytes, incomplete, java.io.IOException]");
  }

  @Test
  void onFinish_hooks_runInOrderAfterCloseOnTheRequestsThread() {
    Call call = Call.get("/");
    List<String> seen = new ArrayList<>();
    TrackedBody body = new TrackedBody("x").atClose(() -> seen.add("close"));
    List<Thread> threads = new ArrayList<>();
    call.environ().onFinish(outcome -> seen.add("first " + outcome.status()));
    call.run(
        (environ, start) -> {
          environ.copy().onFinish(outcome -> seen.add("second " + outcome.complete()));
          environ.onFinish(outcome -> threads.add(Thread.currentThread()));
          start.start(201, Headers.of());
          return body;
        });
    assertThat(seen).containsExactly("close", "first 201", "second true");
    assertThat(threads).containsExactly(Thread.currentThread());
  }

  @Test
  void onFinish_addedByBodyWhileItIsClosed_runs() {
    Call call = Call.get("/");
    List<String> seen = new ArrayList<>();
    TrackedBody body =
        new TrackedBody("x").atClose(() -> call.environ().onFinish(outcome -> seen.add("ran")));
    call.run(Application.of(environ -> Response.of(200, Headers.of(), body)));
    assertThat(seen).containsExactly("ran");
  }

  @Test
  void onFinish_afterTheEnd_throws() {
    Call call = Call.get("/").run(HELLO);
    assertThatThrownBy(() -> call.environ().onFinish(outcome -> {}))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void onFinish_hookGetsWhatRunReturns() {
    Call call = Call.get("/");
    List<Outcome> seen = new ArrayList<>();
    call.environ().onFinish(seen::add);
    call.run(HELLO);
    assertThat(seen).containsExactly(call.outcome());
  }
}
