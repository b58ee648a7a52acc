package dev.postern.fastcgi.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.scgi.ScgiApplication;
import dev.postern.scgi.ScgiGateway;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An SCGI server, to the byte, and our own gateway as one. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScgiApplicationTest {
  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream digits = new ByteArrayOutputStream();
    for (int c = in.read(); c != ':'; c = in.read()) {
      digits.write(c);
    }
    byte[] all = in.readNBytes(Integer.parseInt(digits.toString(StandardCharsets.US_ASCII)) + 1);
    return new String(all, StandardCharsets.ISO_8859_1);
  }

  @Test
  void g03_g04_g05_head_beginsWithTheLength() throws IOException {
    try (FakeServer server =
            new FakeServer(
                (in, out) -> {
                  String head = head(in);
                  out.write("Content-Type: text/plain\n\n".getBytes());
                  out.write(head.replace('\0', '|').getBytes(StandardCharsets.ISO_8859_1));
                });
        ScgiApplication application = ScgiApplication.of(server.address())) {
      Ask get = Ask.get("/a").to(application);
      assertThat(get.status).isEqualTo(200);
      assertThat(get.body()).startsWith("CONTENT_LENGTH|0|SCGI|1|").endsWith("|,");
      assertThat(get.body()).containsOnlyOnce("CONTENT_LENGTH").contains("|PATH_INFO|/a|");
      assertThat(Ask.post("/", new byte[3]).to(application).body())
          .startsWith("CONTENT_LENGTH|3|SCGI|1|");
    }
  }

  @Test
  void brokenAnswers_are502And504() throws IOException {
    try (FakeServer silent = new FakeServer((in, out) -> in.readAllBytes());
        FakeServer none = new FakeServer((in, out) -> head(in));
        FakeServer cut =
            new FakeServer(
                (in, out) -> {
                  head(in);
                  out.write("Content-Type: a/b\nContent-Length: 9\n\nabc".getBytes());
                });
        ScgiApplication slow =
            ScgiApplication.builder(silent.address())
                .headerTimeout(Duration.ofMillis(200))
                .build();
        ScgiApplication nothing = ScgiApplication.of(none.address());
        ScgiApplication shortly = ScgiApplication.of(cut.address())) {
      assertThat(Ask.get("/").to(slow).status).isEqualTo(504);
      assertThat(Ask.get("/").to(nothing).status).isEqualTo(502);
      Ask part = Ask.get("/").to(shortly);
      assertThat(part.outcome.complete() && part.status == 200).isFalse();
      assertThat(part.rule()).isEqualTo("short-body");
    }
  }

  @Test
  void loop_isTheApplication() throws Exception {
    byte[] bytes = new byte[300_000];
    try (ScgiGateway gateway =
            ScgiGateway.builder(
                    (environ, start) -> {
                      byte[] body = environ.input().readAllBytes();
                      start.start(201, Headers.of("Content-Type", "text/plain", "X-A", "b"));
                      return Body.of(environ.pathInfo() + " " + body.length);
                    })
                .listen("127.0.0.1:0")
                .open();
        ScgiApplication client = ScgiApplication.of(gateway.address())) {
      Ask ask = Ask.of("POST", "/x").with("CONTENT_LENGTH", "300000");
      ask.input(new ByteArrayInputStream(bytes)).to(client);
      assertThat(ask.status).isEqualTo(201);
      assertThat(ask.headers.get("X-A")).isEqualTo("b");
      assertThat(ask.body()).isEqualTo("/x 300000");
    }
  }
}
