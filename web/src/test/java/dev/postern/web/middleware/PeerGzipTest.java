package dev.postern.web.middleware;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.testing.InMemoryGateway;
import dev.postern.testing.TestRequest;
import dev.postern.testing.TestResponse;
import dev.postern.web.Web;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The cases of Rack's tests of compression (spec_deflater.rb, spec_utils.rb) and of Plack's
 * (Plack-Middleware/deflater.t and those of Plack-Middleware-Deflater), with the values that RFC
 * 9110 gives them.
 */
class PeerGzipTest {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Gzip ANY_LENGTH = Gzip.of().withMinimum(0);

  private static TestResponse run(Gzip gzip, String accept, int status, Headers sent, Body body) {
    TestRequest request = TestRequest.get("/");
    if (accept != null) {
      request = request.withHeader("Accept-Encoding", accept);
    }
    return Web.run(gzip.wrap(Application.of(e -> Response.of(status, sent, body))), request);
  }

  private static String unzipped(TestResponse response) throws Exception {
    return new String(Unzipped.whole(response.body()), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gzip                              | true
          x-compress;q=0.5, gzip            | true
          GZIP                              | true
          *                                 | true
          *;q=0.1                           | true
          deflate, gzip                     | true
          gzip;q=0.5, identity;q=0.5        | true
          compress;q=0.5, gzip;q=1.0        | true
          gzip;q=1.0, identity; q=0.5, *;q=0 | true
          identity;q=0, gzip                | true
          gzip;q=0.001                      | true
          superzip                          | false
          deflate                           | false
          identity                          | false
          ''                                | false
          gzip;q=0                          | false
          gzip;q=0.000                      | false
          gzip;q=0, *                       | false
          *;q=0                             | false
          identity;q=0                      | false
          gzip;q=0.4, identity;q=0.5        | false
          x-gzip                            | true
          X-GZIP;q=0.5, identity;q=0.4      | true
          x-gzip;q=0, *                     | false
          gzip;q=2                          | false
          gzip;q=x                          | false
          xgzip                             | false
          """)
  void gzip_isForClientsThatPreferIt(String accept, boolean zipped) throws Exception {
    Body body = Body.of("Hello world!");
    TestResponse response = run(ANY_LENGTH, accept, 200, TEXT, body);
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("Vary")).isEqualTo("Accept-Encoding");
    assertThat(response.header("Content-Encoding")).isEqualTo(zipped ? "gzip" : null);
    assertThat(zipped ? unzipped(response) : response.text()).isEqualTo("Hello world!");
    assertThat(run(ANY_LENGTH, null, 200, TEXT, body).text()).isEqualTo("Hello world!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Hello World", "Hello ,World", "Hello ,,World", ",Hello World,", "foo,bar"})
  void blocks_areOneStream(String parts) throws Exception {
    List<ByteBuffer> blocks = new ArrayList<>();
    for (String part : parts.split(",", -1)) {
      blocks.add(ByteBuffer.wrap(part.getBytes(StandardCharsets.UTF_8)));
    }
    Body body =
        Body.writing(
            out -> {
              for (ByteBuffer block : blocks) {
                out.write(block.array());
                out.flush();
              }
            });
    TestResponse response = run(ANY_LENGTH, "gzip", 200, TEXT, body);
    assertThat(response.header("Content-Encoding")).isEqualTo("gzip");
    assertThat(response.header("Content-Length")).isNull();
    assertThat(unzipped(response)).isEqualTo(parts.replace(",", ""));
  }

  @Test
  void flush_sendsWhatWasWritten() throws Exception {
    Body body =
        Body.writing(
            out -> {
              for (String text : new String[] {"foo", "bar"}) {
                out.write(text.getBytes());
                out.flush();
              }
            });
    Application zipped = ANY_LENGTH.wrap(Application.of(e -> Response.of(200, TEXT, body)));
    List<String> seen = new ArrayList<>();
    Application watching =
        (environ, start) -> {
          Body inner = zipped.call(environ, start);
          return Body.writing(
              out -> {
                java.io.ByteArrayOutputStream sofar = new java.io.ByteArrayOutputStream();
                inner.writeTo(
                    new java.io.OutputStream() {
                      @Override
                      public void write(int b) throws java.io.IOException {
                        sofar.write(b);
                        out.write(b);
                      }

                      @Override
                      public void flush() throws java.io.IOException {
                        seen.add(
                            new String(
                                Unzipped.soFar(sofar.toByteArray()), StandardCharsets.UTF_8));
                        out.flush();
                      }
                    });
                inner.close();
              });
        };
    TestRequest request = TestRequest.get("/").withHeader("Accept-Encoding", "gzip");
    assertThat(unzipped(Web.run(watching, request))).isEqualTo("foobar");
    assertThat(seen).contains("foo", "foobar");
  }

  /** The body fails before anything was sent, and the response in its place is not to be zipped. */
  @ParameterizedTest
  @CsvSource({
    "200, Content-Encoding, br, false",
    "200, Cache-Control, no-transform, false",
    "206, Content-Range, bytes 0-3/9, false",
    "500, Cache-Control, no-store, true"
  })
  void responseInPlaceOfAFailedOne_isCompressedIfItMayBe(
      int status, String name, String value, boolean compressed) throws Exception {
    Application late =
        (environ, start) -> {
          start.start(200, TEXT);
          return Body.writing(
              out -> {
                out.write("half".getBytes(StandardCharsets.US_ASCII));
                start.start(status, TEXT.with(name, value), new IOException("late"));
                out.write("whole".getBytes(StandardCharsets.US_ASCII));
              });
        };
    TestRequest request = TestRequest.get("/").withHeader("Accept-Encoding", "gzip");
    TestResponse response =
        InMemoryGateway.builder(ANY_LENGTH.wrap(late)).unlinted().build().run(request);

    assertThat(response.status()).isEqualTo(status);
    assertThat(response.header(name)).isEqualTo(value);
    if (compressed) {
      assertThat(unzipped(response)).isEqualTo("whole");
    } else {
      assertThat(response.text()).isEqualTo("whole");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "200, Cache-Control, no-transform",
    "200, Cache-Control, 'max-age=60, No-Transform'",
    "200, Content-Encoding, gzip",
    "200, Content-Encoding, br",
    "200, Content-Type, image/jpeg",
    "200, Content-Type, image/gif",
    "200, Content-Type, application/zip",
    "200, Content-Type, application/x-nonsense",
    "206, Content-Range, bytes 0-3/9"
  })
  void response_thatIsNotToBeCompressed_isAsItWas(int status, String name, String value) {
    Headers sent = TEXT.with(name, value);
    TestResponse response = run(ANY_LENGTH, "gzip", status, sent, Body.of("Hello World!"));
    assertThat(response.text()).isEqualTo("Hello World!");
    assertThat(response.headers().without("Content-Length")).isEqualTo(sent);
  }

  /** A 304 has the validators of the 200 that it stands for (RFC 9110 15.4.5). */
  @Test
  void notModified_hasTheTagAndTheVaryOfTheCompressedResponse() {
    Application tagged = Application.of(e -> Response.of(200, TEXT, Body.of("Hello World!")));
    Application app = ETag.of().wrap(tagged);
    for (String coding : List.of("gzip", "identity")) {
      TestRequest request = TestRequest.get("/").withHeader("Accept-Encoding", coding);
      TestResponse first = Web.run(ANY_LENGTH.wrap(app), request);
      String tag = first.header("ETag");
      TestResponse known = Web.run(ANY_LENGTH.wrap(app), request.withHeader("If-None-Match", tag));
      assertThat(known.status()).isEqualTo(304);
      assertThat(known.header("ETag")).isEqualTo(tag);
      assertThat(known.header("Vary")).isEqualTo(first.header("Vary")).isNotNull();
    }
  }

  /** A client needs a strong tag for If-Match and If-Range. */
  @ParameterizedTest
  @CsvSource({"application/json, 11", "image/png, 2000"})
  void notModified_ofAResponseThatIsNotCompressed_keepsTheStrongTag(String type, int length) {
    Headers headers = Headers.of("Content-Type", type);
    Application plain = Application.of(e -> Response.of(200, headers, Body.of("x".repeat(length))));
    Application app = plain.with(Gzip.of(), ETag.of());
    TestRequest request = TestRequest.get("/").withHeader("Accept-Encoding", "gzip");
    String tag = Web.run(app, request).header("ETag");
    assertThat(tag).startsWith("\"");
    TestResponse known = Web.run(app, request.withHeader("If-None-Match", "\"x\", " + tag));
    assertThat(known.status()).isEqualTo(304);
    assertThat(known.header("ETag")).isEqualTo(tag);
  }

  @Test
  void notModified_ofAResponseThatIsNotCompressed_isAsItWas() {
    Headers sent = Headers.of("ETag", "\"a\"", "Cache-Control", "no-transform");
    assertThat(run(ANY_LENGTH, "gzip", 304, sent, Body.empty()).headers()).isEqualTo(sent);
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 304})
  void response_withoutABody_isAsItWas(int status) {
    TestResponse response = run(ANY_LENGTH, "gzip", status, TEXT, Body.empty());
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.header("Content-Encoding")).isNull();
    assertThat(response.header("Vary")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"identity", "Identity"})
  void encoding_identity_isNone(String coding) throws Exception {
    Headers sent = TEXT.plus("Content-Encoding", coding);
    TestResponse response = run(ANY_LENGTH, "gzip", 200, sent, Body.of("Hello World!"));
    assertThat(response.headers().all("Content-Encoding")).containsExactly("gzip");
    assertThat(unzipped(response)).isEqualTo("Hello World!");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text/plain",
        "text/html; charset=UTF-8",
        "application/javascript",
        "application/json",
        "application/problem+json",
        "application/xhtml+xml",
        "image/svg+xml"
      })
  void type_thatGetsSmaller_isCompressed(String type) {
    Headers sent = Headers.of("Content-Type", type);
    assertThat(run(ANY_LENGTH, "gzip", 200, sent, Body.of("x")).header("Content-Encoding"))
        .isEqualTo("gzip");
    Gzip html = ANY_LENGTH.withTypes(media -> media.is("text/html"));
    TestResponse chosen = run(html, "gzip", 200, sent, Body.of("x"));
    boolean zipped = type.startsWith("text/html");
    assertThat(chosen.header("Content-Encoding")).isEqualTo(zipped ? "gzip" : null);
    assertThat(chosen.header("Vary")).isEqualTo(zipped ? "Accept-Encoding" : null);
  }

  @ParameterizedTest
  @CsvSource({
    "User-Agent, 'User-Agent, Accept-Encoding'",
    "'Origin, User-Agent', 'Origin, User-Agent, Accept-Encoding'",
    "Accept-Encoding, Accept-Encoding",
    "'Origin, accept-encoding', 'Origin, accept-encoding'",
    "*, *"
  })
  void vary_isAddedTo(String vary, String expected) {
    for (String accept : new String[] {"gzip", "identity"}) {
      TestResponse response =
          run(ANY_LENGTH, accept, 200, TEXT.plus("Vary", vary), Body.of("Hello World"));
      assertThat(String.join(", ", response.headers().all("Vary"))).isEqualTo(expected);
    }
  }

  @Test
  void validators_stay_andTheTagIsWeak() {
    Headers sent =
        TEXT.plus("Last-Modified", "Wed, 23 Sep 2009 13:36:33 GMT")
            .plus("ETag", "\"x\"")
            .plus("Content-Length", "12");
    TestResponse response = run(ANY_LENGTH, "gzip", 200, sent, Body.of("Hello World!"));
    assertThat(response.header("Last-Modified")).isEqualTo("Wed, 23 Sep 2009 13:36:33 GMT");
    assertThat(response.header("ETag")).isEqualTo("W/\"x\"");
    assertThat(response.body().length).isNotEqualTo(12);
    Headers weak = sent.with("ETag", "W/\"x\"");
    assertThat(run(ANY_LENGTH, "gzip", 200, weak, Body.of("Hello World!")).header("ETag"))
        .isEqualTo("W/\"x\"");
  }

  @Test
  void length_decides_andAUnknownOneIsLong() {
    Body unknown = Body.writing(out -> out.write('x'));
    for (int length : new int[] {0, 511, 512}) {
      TestResponse response = run(Gzip.of(), "gzip", 200, TEXT, Body.of("x".repeat(length)));
      assertThat(response.header("Content-Encoding")).isEqualTo(length < 512 ? null : "gzip");
    }
    assertThat(run(Gzip.of(), "gzip", 200, TEXT, unknown).header("Content-Encoding"))
        .isEqualTo("gzip");
  }

  @Test
  void head_hasTheHeadersOfGet() {
    Application application =
        Gzip.of().wrap(Application.of(e -> Response.of(200, TEXT, Body.of("x".repeat(1000)))));
    TestRequest head = TestRequest.of("HEAD", "/").withHeader("Accept-Encoding", "gzip");
    TestRequest get = TestRequest.get("/").withHeader("Accept-Encoding", "gzip");
    TestResponse response = Web.run(application, head);
    assertThat(response.body()).isEmpty();
    assertThat(response.headers().without("Content-Length"))
        .isEqualTo(Web.run(application, get).headers().without("Content-Length"));
  }
}
