package dev.postern.testing;

import static dev.postern.testing.Capability.ANY_STATUS;
import static dev.postern.testing.Capability.EXACT_HEADERS;
import static dev.postern.testing.Capability.HEADER_BYTES;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.answers;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** Status and headers, as the client gets them. */
final class HeadCases {
  private HeadCases() {}

  static List<ContractCase> all() {
    return List.of(
        statuses("send the status", 200, 201, 202, 301, 303, 400, 403, 404, 409, 451, 500, 503),
        statuses("send a status that has no name", 299, 399, 499, 599).needs(ANY_STATUS),
        new ContractCase(
            "G17",
            "send headers with their values",
            answers(
                200,
                TEXT.plus("X-A", "a  b,\tc=\"d\"; e").plus("ETag", "\"x\"").plus("X-Empty", ""),
                Body.of("x")),
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.header("X-A")).isEqualTo("a  b,\tc=\"d\"; e");
              assertThat(response.header("ETag")).isEqualTo("\"x\"");
            }),
        new ContractCase(
            "G17",
            "send repeated headers apart and in order",
            answers(
                200,
                TEXT.plus("Set-Cookie", "a=1; Path=/")
                    .plus("X-Between", "1")
                    .plus("Set-Cookie", "b=2, c")
                    .plus("set-cookie", "a=3"),
                Body.of("x")),
            trial ->
                assertThat(trial.get("/").headers().all("Set-Cookie"))
                    .containsExactly("a=1; Path=/", "b=2, c", "a=3")),
        types("send a Content-Type that says the same", HeadCases::normal),
        types("send a Content-Type to the letter", type -> type).needs(EXACT_HEADERS),
        new ContractCase(
            "G17",
            "send a redirect as it is",
            (environ, start, witness) -> {
              start.start(302, Headers.of("Location", environ.queryString()));
              return Body.empty();
            },
            trial -> {
              for (String location : List.of("/elsewhere", "https://example.test/x", "../up")) {
                TestResponse response = trial.get("/?" + location);
                assertThat(response.status()).isEqualTo(302);
                assertThat(response.headers().all("Location")).containsExactly(location);
              }
            }),
        new ContractCase(
            "G17",
            "send many headers, and a long one",
            (environ, start, witness) -> {
              Headers headers = TEXT.plus("X-Long", "0123456789abcdef".repeat(200));
              for (int i = 0; i < 40; i++) {
                headers = headers.plus("X-Many", Integer.toString(i));
              }
              start.start(200, headers);
              return Body.of("x");
            },
            trial -> {
              List<String> expected = new ArrayList<>();
              for (int i = 0; i < 40; i++) {
                expected.add(Integer.toString(i));
              }
              TestResponse response = trial.get("/");
              // RFC 9110 5.3: such fields, joined by commas, mean the same.
              assertThat(String.join(", ", response.headers().all("X-Many")))
                  .isEqualTo(String.join(", ", expected));
              assertThat(response.header("X-Long")).hasSize(3200);
            }),
        new ContractCase(
                "G17",
                "send the bytes of a header's value",
                answers(200, TEXT.plus("X-Bytes", "caf\u00e9 \u00ff"), Body.of("x")),
                trial -> assertThat(trial.get("/").header("X-Bytes")).isEqualTo("caf\u00e9 \u00ff"))
            .needs(HEADER_BYTES));
  }

  /**
   * Makes a case for several types. The gateway must add nothing, such as a charset where there was
   * none.
   */
  private static ContractCase types(String must, UnaryOperator<String> form) {
    return new ContractCase(
        "G17",
        must,
        (environ, start, witness) -> {
          start.start(200, Headers.of("Content-Type", requireNonNull(environ.header("X-Type"))));
          return Body.of("x");
        },
        trial -> {
          for (String type :
              List.of(
                  "text/plain",
                  "text/html; charset=UTF-8",
                  "text/html;charset=iso-8859-1",
                  "Application/Vnd.X+json",
                  "multipart/mixed; boundary=\"a:b\"")) {
            TestResponse response = trial.send(TestRequest.get("/").withHeader("X-Type", type));
            assertThat(response.headers().all("Content-Type"))
                .extracting(form)
                .containsExactly(form.apply(type));
          }
        });
  }

  /** RFC 9110 8.3.1: spaces around the semicolon and the case of a charset mean nothing. */
  private static String normal(String type) {
    return type.toLowerCase(Locale.ROOT).replace(" ", "");
  }

  private static ContractCase statuses(String must, int... statuses) {
    return new ContractCase(
        "G16",
        must,
        (environ, start, witness) -> {
          start.start(Integer.parseInt(environ.queryString()), TEXT);
          return Body.of("x");
        },
        trial -> {
          for (int status : statuses) {
            TestResponse response = trial.get("/?" + status);
            assertThat(response.status()).isEqualTo(status);
            assertThat(response.text()).isEqualTo("x");
            assertThat(response.isComplete()).isTrue();
          }
        });
  }
}
