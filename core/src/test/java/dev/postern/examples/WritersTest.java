package dev.postern.examples;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.postern.Application;
import dev.postern.Bodies;
import dev.postern.Body;
import dev.postern.Call;
import dev.postern.Headers;
import dev.postern.RecordingSink.Step;
import dev.postern.Response;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Java's writers as bodies: they push, close their target and flush as they please. */
@Timeout(60)
class WritersTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Call call = Call.get("/");

  private static Application app(String type, Body.Writer writer) {
    return Application.of(
        environ -> Response.of(200, Headers.of("Content-Type", type), Body.writing(writer)));
  }

  @Test
  void jackson_value_hasItsContentLengthThoughItClosesItsTarget() {
    call.run(app("application/json", out -> MAPPER.writeValue(out, Map.of("a", List.of(1, 2)))));
    assertThat(call.text()).isEqualTo("{\"a\":[1,2]}");
    assertThat(call.header("Content-Length")).isEqualTo("11");
    assertThat(call.outcome().failure()).isNull();
  }

  @Test
  void jackson_bytesAfterTheValue_areWrittenToo() {
    call.run(
        app(
            "application/json",
            out -> {
              MAPPER.writeValue(out, 1);
              out.write('\n');
              MAPPER.writeValue(out, 2);
            }));
    assertThat(call.text()).isEqualTo("1\n2");
  }

  @Test
  void jackson_sequence_streamsWhatItFlushes() {
    List<String> seen = new ArrayList<>();
    call.run(
        app(
            "application/json",
            out -> {
              try (SequenceWriter values = MAPPER.writer().writeValues(out)) {
                values.write(1).flush();
                seen.add(call.text());
                values.write(2).flush();
                seen.add(call.text());
              }
            }));
    assertThat(seen).containsExactly("1", "1 2");
  }

  @Test
  void jackson_moreThanTheContentLength_isCutThere() {
    call.run(
        Application.of(
            environ ->
                Response.of(
                    200,
                    Headers.of("Content-Length", "4"),
                    Body.writing(out -> MAPPER.writeValue(out, "too long")))));
    assertThat(call.text()).isEqualTo("\"too");
    assertThat(call.outcome().complete()).isTrue();
    assertThat(call.outcome().failure())
        .hasMessage("body must not exceed its Content-Length: 4")
        .hasNoSuppressedExceptions();
  }

  @Test
  void jackson_failureWithinAValue_isA500() {
    Object broken =
        new Object() {
          @SuppressWarnings("unused")
          public String getName() {
            throw new IllegalStateException("/secret");
          }
        };
    call.run(app("application/json", out -> MAPPER.writeValue(out, Map.of("a", broken))));
    assertThat(call.status()).isEqualTo(500);
    assertThat(call.text()).isEqualTo("500 Internal Server Error\n");
  }

  @Test
  void jackson_pulled_givesTheSameBytes() throws Exception {
    Body body = Body.writing(out -> MAPPER.writeValue(out, List.of("a".repeat(20_000))));
    assertThat(new String(Bodies.pulled(body), StandardCharsets.UTF_8))
        .isEqualTo("[\"" + "a".repeat(20_000) + "\"]");
    body.close();
  }

  @Test
  void gzipStream_closedByItsWriter_isWhole() throws Exception {
    call.run(
        app(
            "application/gzip",
            out -> {
              try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
                gzip.write(bytes("hello"));
              }
            }));
    assertThat(Unzipped.whole(call.sink().bytes())).isEqualTo("hello");
    assertThat(call.header("Content-Length")).isEqualTo("" + call.sink().bytes().length);
  }

  /** A template's way. OutputStreamWriter flushes when it is closed, which sends the head. */
  @Test
  void textWriter_closed_isWhole() {
    call.run(
        app(
            "text/plain; charset=utf-8",
            out -> {
              try (PrintWriter page =
                  new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8))) {
                page.print("hellö");
              }
            }));
    assertThat(call.text()).isEqualTo("hellö");
    assertThat(call.outcome().complete()).isTrue();
  }

  @Test
  void serverSentEventsO06_eachIsAtTheClientBeforeTheNextIsMade() {
    List<String> seen = new ArrayList<>();
    call.run(
        app(
            "text/event-stream",
            out -> {
              for (int i = 1; i <= 3; i++) {
                out.write(bytes("data: " + i + "\n\n"));
                out.flush();
                seen.add(call.text() + call.sink().events().size());
              }
            }));
    assertThat(seen)
        .containsExactly(
            "data: 1\n\n3", "data: 1\n\ndata: 2\n\n5", "data: 1\n\ndata: 2\n\ndata: 3\n\n7");
    assertThat(call.headers()).isEqualTo(Headers.of("Content-Type", "text/event-stream"));
  }

  /** A stream that never ends by itself stops when its reader is gone. */
  @Test
  void serverSentEvents_clientGone_endsTheWriter() {
    List<Integer> sent = new ArrayList<>();
    call.sink().failAt(Step.FLUSH, 3, new IOException("broken pipe"));
    call.run(
        app(
            "text/event-stream",
            out -> {
              for (int i = 1; ; i++) {
                out.write(bytes("data: " + i + "\n\n"));
                out.flush();
                sent.add(i);
              }
            }));
    assertThat(sent).containsExactly(1, 2);
    assertThat(call.outcome().complete()).isFalse();
    assertThat(call.outcome().failure()).hasMessage("broken pipe");
    assertThat(call.environ().isCancelled()).isTrue();
  }
}
