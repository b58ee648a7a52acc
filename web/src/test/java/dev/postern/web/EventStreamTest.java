package dev.postern.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.postern.Application;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.EventStream.Event;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EventStreamTest {
  private static final Duration LONG = Duration.ofMinutes(5);

  @Test
  void events_areWrittenAsTheStandardSays() {
    TestResponse response =
        Web.run(
            environ -> {
              EventStream stream = EventStream.of(environ, LONG);
              assertThat(stream.lastEventId()).isEqualTo("7");
              assertThat(stream.send("one")).isTrue();
              stream.send(new Event("8", "update", "a\nb\r\nc\rd", Duration.ofSeconds(3)));
              stream.send("");
              stream.close();
              assertThat(stream.send("late")).isFalse();
              return stream.response();
            },
            TestRequest.get("/").withHeader("Last-Event-ID", "7"));
    assertThat(response.header("Content-Type")).isEqualTo("text/event-stream");
    assertThat(response.header("Cache-Control")).isEqualTo("no-cache");
    assertThat(response.text())
        .isEqualTo(
            ":\n\n"
                + "data: one\n\n"
                + "event: update\nid: 8\nretry: 3000\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
                + "data: \n\n");
  }

  @Test
  void events_goOutWhenTheyAreSent() throws Exception {
    CompletableFuture<EventStream> made = new CompletableFuture<>();
    GatewayClient client = InMemoryGateway.of(streaming(made, LONG)).client();
    try (GatewayClient.Conversation conversation = client.open(TestRequest.get("/"))) {
      assertThat(new String(conversation.read(3), StandardCharsets.UTF_8)).isEqualTo(":\n\n");
      made.get().send("x");
      assertThat(new String(conversation.read(9), StandardCharsets.UTF_8)).isEqualTo("data: x\n\n");
      made.get().close();
      assertThat(conversation.finish().isComplete()).isTrue();
    }
  }

  @Test
  void silence_isFilledWithComments() throws Exception {
    CompletableFuture<EventStream> made = new CompletableFuture<>();
    GatewayClient client = InMemoryGateway.of(streaming(made, Duration.ofMillis(5))).client();
    try (GatewayClient.Conversation conversation = client.open(TestRequest.get("/"))) {
      assertThat(new String(conversation.read(12), StandardCharsets.UTF_8))
          .isEqualTo(":\n\n".repeat(4));
      made.get().close();
    }
  }

  @Test
  void client_thatLeaves_closesTheStream() throws Exception {
    CompletableFuture<EventStream> made = new CompletableFuture<>();
    CountDownLatch closed = new CountDownLatch(1);
    GatewayClient client = InMemoryGateway.of(streaming(made, LONG)).client();
    try (GatewayClient.Conversation conversation = client.open(TestRequest.get("/"))) {
      conversation.read(3);
      made.get().onClose(closed::countDown);
    }
    assertThat(closed.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(made.get().isOpen()).isFalse();
    assertThat(made.get().send("x")).isFalse();
    CountDownLatch atOnce = new CountDownLatch(1);
    made.get().onClose(atOnce::countDown);
    assertThat(atOnce.getCount()).isZero();
  }

  @Test
  void client_thatReadsNothing_isLeftAtAThousandEvents() {
    TestResponse response =
        Web.run(
            environ -> {
              EventStream stream = EventStream.of(environ, LONG);
              for (int i = 0; i < 1000; i++) {
                assertThat(stream.send("x")).isTrue();
              }
              assertThat(stream.send("x")).isFalse();
              return stream.response();
            },
            TestRequest.get("/"));
    assertThat(response.text()).isEqualTo(":\n\n");
  }

  @Test
  void event_ofSeveralLines_isRefusedWhereThereIsOne() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Event("a\nb", null, "", null));
    assertThatIllegalArgumentException().isThrownBy(() -> new Event(null, "a\rb", "", null));
    assertThatIllegalArgumentException().isThrownBy(() -> new Event("\0", null, "", null));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EventStream.of(Web.environ(), Duration.ZERO));
  }

  private static Application streaming(CompletableFuture<EventStream> made, Duration heartbeat) {
    return Application.of(
        environ -> {
          EventStream stream = EventStream.of(environ, heartbeat);
          made.complete(stream);
          return stream.response();
        });
  }
}
