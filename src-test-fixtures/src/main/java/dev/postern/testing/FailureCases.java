package dev.postern.testing;

import static dev.postern.testing.Capability.BAD_REQUEST;
import static dev.postern.testing.Capability.CUT;
import static dev.postern.testing.Capability.HTTP_MAPPING;
import static dev.postern.testing.Capability.LOG;
import static dev.postern.testing.ContractCases.TEXT;
import static dev.postern.testing.ContractCases.pattern;
import static dev.postern.testing.ContractCases.says;
import static dev.postern.testing.ContractCases.writeAscii;
import static dev.postern.testing.ContractCases.writes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What becomes of an application's failures. */
final class FailureCases {
  private static final String SECRET = "secret of the contract";

  private FailureCases() {}

  static List<ContractCase> all() {
    return Stream.of(beforeCommit(), afterCommit(), refused()).flatMap(List::stream).toList();
  }

  private static List<ContractCase> beforeCommit() {
    return List.of(
        fails("an unchecked exception", () -> new IllegalStateException(SECRET)),
        fails("a checked exception", () -> new IOException(SECRET)),
        fails("an error", () -> new StackOverflowError(SECRET)),
        new ContractCase(
            "G11",
            "answer HEAD with 500 too, without a body",
            (environ, start, witness) -> {
              throw new IllegalStateException(SECRET);
            },
            trial -> {
              TestResponse response = trial.send(TestRequest.of("HEAD", "/"));
              assertThat(response.status()).isEqualTo(500);
              assertThat(response.body()).isEmpty();
            }),
        new ContractCase(
            "G7",
            "send nothing of a response whose body fails before the commit",
            writes(
                TEXT.plus("X-First", "1").plus("Set-Cookie", "a=b"),
                out -> {
                  writeAscii(out, "held back");
                  throw new IllegalStateException(SECRET);
                }),
            FailureCases::checkErrorPage),
        new ContractCase(
            "G7",
            "send nothing of a response whose iterator fails at its first block",
            (environ, start, witness) -> {
              start.start(200, TEXT.plus("X-First", "1"));
              return failing(0);
            },
            FailureCases::checkErrorPage),
        status("a GatewayException", new GatewayException(404, SECRET), null, null),
        status("an HttpException", new HttpException(404, SECRET), null, null),
        status(
            "an HttpException's WWW-Authenticate",
            new HttpException(401, SECRET, Headers.of("WWW-Authenticate", "Basic realm=\"x\"")),
            "WWW-Authenticate",
            "Basic realm=\"x\""),
        status(
            "a GatewayException that is the cause of another exception",
            new IllegalStateException(new IOException(new GatewayException(404, SECRET))),
            null,
            null),
        status(
            "a GatewayException's Retry-After",
            new GatewayException(503, SECRET, Headers.of("Retry-After", "7"), null, null),
            "Retry-After",
            "7"),
        status(
            "a GatewayException's Allow",
            new GatewayException(405, SECRET, Headers.of("Allow", "GET, HEAD"), null, null),
            "Allow",
            "GET, HEAD"),
        new ContractCase(
                "G13",
                "write a failure to the log, with its stack",
                (environ, start, witness) -> {
                  throw new IllegalStateException("logged by the contract");
                },
                trial -> {
                  trial.get("/");
                  trial.outcome();
                  assertThat(trial.log())
                      .contains("logged by the contract")
                      .contains("IllegalStateException")
                      .contains("FailureCases");
                })
            .needs(LOG));
  }

  private static ContractCase fails(String what, Callable<Throwable> failure) {
    return new ContractCase(
        "G11",
        "answer " + what + " with 500 and a fixed text",
        (environ, start, witness) -> {
          start.start(200, TEXT.plus("X-First", "1"));
          Throwable thrown = failure.call();
          if (thrown instanceof Error error) {
            throw error;
          }
          throw (Exception) thrown;
        },
        FailureCases::checkErrorPage);
  }

  private static void checkErrorPage(Trial trial) throws IOException {
    TestResponse response = trial.get("/");
    assertThat(response.status()).isEqualTo(500);
    assertThat(response.isComplete()).isTrue();
    assertThat(response.header("X-First")).isNull();
    assertThat(response.headers().contains("Set-Cookie")).isFalse();
    assertThat(response.text())
        .doesNotContain("held back")
        .doesNotContain("secret")
        .doesNotContain("Exception")
        .doesNotContain("dev.postern");
    assertThat(response.text().length()).isBetween(1, 1000);
    assertThat(trial.outcome()).startsWith("500 ");
  }

  private static ContractCase status(
      String what, Exception failure, @Nullable String header, @Nullable String value) {
    return new ContractCase(
        "G12",
        "answer " + what + " as it says",
        (environ, start, witness) -> {
          throw failure;
        },
        trial -> {
          TestResponse response = trial.get("/");
          assertThat(response.status()).isEqualTo(status(failure));
          assertThat(response.text()).doesNotContain("secret");
          if (header != null) {
            assertThat(response.headers().all(header)).containsExactly(value);
          }
        });
  }

  private static int status(@Nullable Throwable failure) {
    if (failure instanceof HttpException http) {
      return http.status();
    }
    if (failure instanceof GatewayException gateway) {
      return gateway.status();
    }
    return failure == null ? 500 : status(failure.getCause());
  }

  private static List<ContractCase> afterCommit() {
    return List.of(
        cut(
            "cut a response that fails after a flush",
            writes(
                TEXT,
                out -> {
                  writeAscii(out, "sent");
                  out.flush();
                  throw new IllegalStateException(SECRET);
                }),
            4),
        cut(
            "cut a response that fails after 100,000 bytes",
            writes(
                TEXT,
                out -> {
                  out.write(pattern(100_000));
                  throw new IOException(SECRET);
                }),
            100_000),
        cut(
            "cut a response whose iterator fails after a block",
            (environ, start, witness) -> {
              start.start(200, TEXT);
              return failing(1);
            },
            4));
  }

  private static ContractCase cut(String must, ContractCase.App app, int most) {
    return new ContractCase(
            "G14",
            must,
            app,
            trial -> {
              TestResponse response = trial.get("/");
              assertThat(response.isComplete()).as("complete").isFalse();
              assertThat(response.body().length).isLessThanOrEqualTo(most);
              assertThat(response.text()).doesNotContain("secret");
              assertThat(trial.outcome()).startsWith("200 ").contains(" incomplete ");
            })
        .needs(CUT);
  }

  private static List<ContractCase> refused() {
    return List.of(
        new ContractCase(
                "G33",
                "refuse a Content-Length that is no number, without a call",
                says(environ -> "called"),
                trial -> {
                  TestRequest request = TestRequest.of("POST", "/").withBody(new byte[0]);
                  TestResponse response = trial.send(request.withHeader("Content-Length", "5x"));
                  assertThat(response.status()).isEqualTo(400);
                  assertThat(trial.calls()).isZero();
                })
            .needs(HTTP_MAPPING, BAD_REQUEST),
        new ContractCase(
                "G33",
                "refuse a method that is no token, without a call",
                says(environ -> "called"),
                trial -> {
                  TestResponse response = trial.send(TestRequest.of("G@T", "/"));
                  assertThat(response.status()).isIn(400, 405, 501);
                  assertThat(trial.calls()).isZero();
                })
            .needs(HTTP_MAPPING, BAD_REQUEST));
  }

  /** Returns a body that gives some blocks, and then fails. */
  private static Body failing(int blocks) {
    return new Body() {
      @Override
      public Iterator<ByteBuffer> iterator() {
        return new Iterator<>() {
          private int given;

          @Override
          public boolean hasNext() {
            return true;
          }

          @Override
          public ByteBuffer next() {
            if (given++ == blocks) {
              throw new IllegalStateException(SECRET);
            }
            return ByteBuffer.wrap("sent".getBytes(StandardCharsets.US_ASCII));
          }
        };
      }
    };
  }
}
