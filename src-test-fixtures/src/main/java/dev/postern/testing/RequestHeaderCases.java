package dev.postern.testing;

import static dev.postern.testing.Capability.EMPTY_BODY;
import static dev.postern.testing.Capability.EXACT_HEADERS;
import static dev.postern.testing.Capability.HTTP_MAPPING;
import static dev.postern.testing.Capability.REPEATED_HEADERS;
import static dev.postern.testing.ContractCases.ABSENT;
import static dev.postern.testing.ContractCases.says;
import static dev.postern.testing.ContractCases.variables;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** How an application gets a request's headers. */
final class RequestHeaderCases {
  private RequestHeaderCases() {}

  static List<ContractCase> all() {
    return List.of(
        new ContractCase(
            "E8",
            "tell the length of a body",
            says(environ -> environ.variable("CONTENT_LENGTH") + " " + environ.contentLength()),
            trial ->
                assertThat(trial.send(TestRequest.post("/", "text/plain", "12345")).text())
                    .isEqualTo("5 5")),
        new ContractCase(
            "E8",
            "not invent a body",
            says(environ -> String.valueOf(environ.contentLength() > 0)),
            trial -> {
              assertThat(trial.get("/").text()).isEqualTo("false");
              assertThat(trial.send(TestRequest.of("DELETE", "/")).text()).isEqualTo("false");
            }),
        new ContractCase(
                "E8",
                "tell a body of no bytes",
                says(environ -> String.valueOf(environ.contentLength())),
                trial ->
                    assertThat(trial.send(TestRequest.of("POST", "/").withBody(new byte[0])).text())
                        .isEqualTo("0"))
            .needs(EMPTY_BODY),
        type("pass the type of a body with its parameters", "text/x-odd;a=b;c=d"),
        type("pass the type of a body to the letter", "Text/Plain; charset=\"x y\"; a=B")
            .needs(EXACT_HEADERS),
        new ContractCase(
            "E10",
            "make a variable of a header",
            variables("HTTP_X_ODD_NAME_2"),
            trial ->
                assertThat(trial.send(TestRequest.get("/").withHeader("x-Odd-nAME-2", "v")).text())
                    .isEqualTo("v")),
        header("keep what is in a header's value", "a b,c=\"d\\\"e\"; f=%20&<>'`$(x)"),
        header("keep the spaces in a header's value", "a  b,   c").needs(EXACT_HEADERS),
        header("pass a long header", "0123456789abcdef".repeat(256)),
        new ContractCase(
            "E10",
            "pass cookies",
            variables("HTTP_COOKIE"),
            trial ->
                assertThat(trial.send(TestRequest.get("/").withHeader("Cookie", "a=b; c=d")).text())
                    .isEqualTo("a=b; c=d")),
        new ContractCase(
            "E10",
            "answer the typed readers",
            says(
                environ ->
                    environ.header("accept")
                        + "|"
                        + environ.header("Not There")
                        + "|"
                        + environ.header("Host")),
            trial ->
                assertThat(
                        trial
                            .send(
                                TestRequest.get("/")
                                    .withHeader("Host", "example.test")
                                    .withHeader("Accept", "text/*"))
                            .text())
                    .isEqualTo("text/*|null|example.test")),
        new ContractCase(
                "E11",
                "join repeated headers in order",
                variables("HTTP_X_REPEATED"),
                trial ->
                    assertThat(
                            trial
                                .send(
                                    TestRequest.get("/")
                                        .withHeader("X-Repeated", "a")
                                        .withHeader("x-repeated", "b, c")
                                        .withHeader("X-REPEATED", "d"))
                                .text())
                        .isEqualTo("a, b, c, d"))
            .needs(REPEATED_HEADERS),
        new ContractCase(
                "E11",
                "join repeated cookies by a semicolon",
                variables("HTTP_COOKIE"),
                trial ->
                    assertThat(
                            trial
                                .send(
                                    TestRequest.get("/")
                                        .withHeader("Cookie", "a=b")
                                        .withHeader("Cookie", "c=d"))
                                .text())
                        .isEqualTo("a=b; c=d"))
            .needs(HTTP_MAPPING),
        new ContractCase(
                "E12",
                "drop a header whose name could be another one's",
                variables("HTTP_X_FOO", "HTTP_X_BAR"),
                trial ->
                    assertThat(
                            trial
                                .send(
                                    TestRequest.get("/")
                                        .withHeader("X-Foo", "right")
                                        .withHeader("X_Foo", "wrong")
                                        .withHeader("X.Bar", "wrong"))
                                .text())
                        .isEqualTo("right\n" + ABSENT))
            .needs(HTTP_MAPPING),
        new ContractCase(
            "E13",
            "never have an HTTP_PROXY",
            variables("HTTP_PROXY"),
            trial ->
                assertThat(
                        trial
                            .send(TestRequest.get("/").withHeader("Proxy", "evil.test:3128"))
                            .text())
                    .isEqualTo(ABSENT)));
  }

  private static ContractCase type(String must, String type) {
    return new ContractCase(
        "E9",
        must,
        variables("CONTENT_TYPE", "HTTP_CONTENT_TYPE"),
        trial ->
            assertThat(trial.send(TestRequest.post("/", type, "x")).text())
                .isEqualTo(type + "\n" + ABSENT));
  }

  private static ContractCase header(String must, String value) {
    return new ContractCase(
        "E10",
        must,
        variables("HTTP_X_VALUE"),
        trial ->
            assertThat(trial.send(TestRequest.get("/").withHeader("X-Value", value)).text())
                .isEqualTo(value));
  }
}
