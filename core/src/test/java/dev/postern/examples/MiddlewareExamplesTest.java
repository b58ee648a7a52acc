package dev.postern.examples;

import static dev.postern.Bodies.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Call;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Response;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the middleware is there for, in both forms. */
class MiddlewareExamplesTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Application HELLO =
      Application.of(environ -> Response.of(200, TEXT, Body.of("hello")));

  // ---- header ----

  @Test
  void addHeader_everyResponse_hasIt() {
    List<Middleware> forms =
        List.of(
            app -> AddHeader.overResponse("X-A", "1", app),
            app -> AddHeader.overStart("X-A", "1", app));
    for (Middleware form : forms) {
      assertThat(Call.get("/").run(form.wrap(HELLO)).headers())
          .isEqualTo(TEXT.with("X-A", "1").with("Content-Length", "5"));
    }
  }

  @Test
  void addHeader_overStart_seesAResponseThatIsReplacedLater() {
    Application late =
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write(bytes("half"));
                start.start(503, TEXT, new IOException());
                out.write(bytes("sorry"));
              });
        };
    Call call = Call.get("/").run(AddHeader.overStart("X-A", "1", late));
    assertThat(call.status()).isEqualTo(503);
    assertThat(call.header("X-A")).isEqualTo("1");
    assertThat(call.text()).isEqualTo("sorry");
    // Over Response it is out of the application's hands: a 500, never half a response.
    assertThat(Call.get("/").run(AddHeader.overResponse("X-A", "1", late)).status()).isEqualTo(500);
  }
}
