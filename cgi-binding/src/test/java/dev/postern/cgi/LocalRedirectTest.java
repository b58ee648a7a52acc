package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code Location: /x} alone does. */
class LocalRedirectTest {
  @TempDir Path directory;

  /** Shows what it was asked, as text. */
  private static final Application MIRROR =
      (environ, startResponse) -> {
        startResponse.start(200, Headers.of("Content-Type", "text/plain"));
        return Body.of(
            String.join(
                "|",
                environ.method(),
                environ.variable("SCRIPT_NAME"),
                environ.variable("PATH_INFO"),
                environ.queryString(),
                environ.variable("REQUEST_URI"),
                environ.variable("CONTENT_LENGTH") + environ.variable("CONTENT_TYPE"),
                "" + environ.variable("HTTP_X_A"),
                "" + environ.input().read()));
      };

  @Test
  void r5_attackD13_s42_byDefault_theClientIsRedirected() throws IOException {
    Call call =
        Call.get("/").to(app("Location: /admin\\nContent-Type: x/handler\\nSet-Cookie: a=b\\n\\n"));

    assertThat(call.status).isEqualTo(302);
    assertThat(call.headers.get("Location")).isEqualTo("/admin");
    assertThat(call.headers.get("Set-Cookie")).isEqualTo("a=b");
  }

  @Test
  void localRedirect_leavesNoSpool() throws IOException {
    InputStream chunked = new ByteArrayInputStream(new byte[100_000]);
    Application app = builder("Location: /a\\n\\n").localRedirects(MIRROR).build();
    long spools = Figures.now().spools();

    assertThat(Call.of("POST", "/").input(chunked).to(app).status).isEqualTo(200);
    assertThat(Figures.now().spools()).isEqualTo(spools);
  }

  @Test
  void s42_attackD13_localRedirect_isAPlainGetOfThePathAlone() throws IOException {
    Application app = builder("Location: /a%%20b/c?d=%%2F\\n\\n").localRedirects(MIRROR).build();
    Call call =
        Call.post("/here", new byte[5])
            .with("SCRIPT_NAME", "/app")
            .with("QUERY_STRING", "old")
            .with("CONTENT_TYPE", "a/b")
            .with("HTTP_X_A", "kept")
            .with("HTTP_EXPECT", "100-continue")
            .to(app);

    assertThat(call.status).isEqualTo(200);
    assertThat(call.body()).isEqualTo("GET||/a b/c|d=%2F|/a%20b/c?d=%2F|nullnull|kept|-1");
    assertThat(call.headers.get("Content-Type")).isEqualTo("text/plain");
    assertThat(call.outcome.complete()).isTrue();
  }

  /** RFC 3875 6.2.2: a local redirect has neither other fields nor a body; none of them is lost. */
  @Test
  void s42_locationThatIsNotAlone_isTheClients() throws IOException {
    Call fields =
        Call.get("/")
            .to(
                builder("Location: /a\\nSet-Cookie: a=b\\nContent-Type: text/plain\\n\\nbody")
                    .localRedirects(MIRROR)
                    .build());
    assertThat(fields.status).isEqualTo(302);
    assertThat(fields.headers.get("Location")).isEqualTo("/a");
    assertThat(fields.headers.get("Set-Cookie")).isEqualTo("a=b");
    assertThat(fields.body()).isEqualTo("body");

    CgiApplication app = builder("Location: /a\\n\\nbody").localRedirects(MIRROR).build();
    Call body = Call.get("/").to(app);
    assertThat(body.status).isEqualTo(302);
    assertThat(body.headers.get("Location")).isEqualTo("/a");
    assertThat(body.body()).isEmpty();
    assertThat(app.refusals().count("response-untyped")).isEqualTo(1);

    // As print("Location: /a\\n\\n") of Python writes it.
    Call lineEnd =
        Call.get("/").to(builder("Location: /a\\n\\n\\n").localRedirects(MIRROR).build());
    assertThat(lineEnd.status).isEqualTo(200);
  }

  @Test
  void s42_accessRules_areCheckedAgain() throws IOException {
    Application guarded =
        (environ, startResponse) -> {
          if (environ.variable("PATH_INFO").startsWith("/admin")) {
            startResponse.start(403, Headers.of("Content-Type", "text/plain"));
            return Body.of("no");
          }
          return MIRROR.call(environ, startResponse);
        };
    assertThat(
            Call.get("/")
                .to(builder("Location: /admin\\n\\n").localRedirects(guarded).build())
                .status)
        .isEqualTo(403);
  }

  @Test
  void attackD13_redirectLoop_is502AfterFive() throws IOException {
    AtomicInteger calls = new AtomicInteger();
    AtomicReference<Application> self = new AtomicReference<>();
    ProcessLimit limit = ProcessLimit.of(1, Duration.ofSeconds(20));
    CgiApplication app =
        builder("Location: /again\\n\\n")
            .limit(limit)
            .localRedirects(
                (environ, startResponse) -> {
                  calls.incrementAndGet();
                  return self.get().call(environ, startResponse);
                })
            .build();
    self.set(app);
    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(502);
    assertThat(call.rule()).isEqualTo("redirect-loop");
    assertThat(calls).hasValue(5);
    assertThat(limit.available()).isEqualTo(1);
    assertThat(app.refusals().asMap()).isEqualTo(Map.of("redirect-loop", 1L));
  }

  @Test
  void refusalOfAnotherApplication_countsOnlyThere() throws IOException {
    CgiDirectory target = CgiDirectory.of(Files.createDirectory(directory.resolve("d")));
    CgiApplication app = builder("Location: /missing\\n\\n").localRedirects(target).build();

    assertThat(Call.get("/").to(app).status).isEqualTo(404);
    assertThat(target.refusals().asMap()).isEqualTo(Map.of("no-program", 1L));
    assertThat(app.refusals().total()).isZero();
  }

  @Test
  void programThatFailsAfterItsLocalRedirect_is502() throws IOException {
    for (String end : List.of("kill -9 $$", "exit 1")) {
      Path program = Programs.sh(directory, "p", "printf 'Location: /x\\n\\n'", end);
      CgiApplication app =
          CgiApplication.builder(program).strictExit().localRedirects(MIRROR).build();
      Call call = Call.get("/").to(app);

      assertThat(call.status).as(end).isEqualTo(502);
      assertThat(call.rule()).isEqualTo("bad-exit");
      assertThat(app.refusals().asMap()).isEqualTo(Map.of("bad-exit", 1L));
    }
  }

  @Test
  void attackD13_otherHostsAndOddPaths_areNeverLocal() throws IOException {
    for (String location : List.of("//evil/x", "http://evil/", "x", "/x#y")) {
      Call call =
          Call.get("/")
              .to(builder("Location: " + location + "\\n\\n").localRedirects(MIRROR).build());
      assertThat(call.status).as(location).isEqualTo(302);
      assertThat(call.headers.get("Location")).isEqualTo(location);
    }
    for (String location :
        List.of("/../x", "/a/%%2e%%2e/x", "/a%%00", "/a%%2fb", "/a\\\\b", "/%%zz", "/a/..;/b")) {
      CgiApplication app =
          builder("Location: " + location + "\\n\\n").localRedirects(MIRROR).build();
      Call call = Call.get("/").to(app);
      assertThat(call.status).as(location).isEqualTo(502);
      assertThat(app.refusals().asMap()).isEqualTo(Map.of(call.rule(), 1L));
      assertThat(call.log()).contains("local redirect must go to a path that a request may have");
    }
    Call evil =
        Call.get("/").to(builder("Location: /\\\\evil\\n\\n").localRedirects(MIRROR).build());
    assertThat(evil.status).isEqualTo(502);
  }

  @Test
  void s44_redirectWithStatus_isTheClients() throws IOException {
    Application app =
        builder("Status: 303\\nLocation: /x\\nContent-Type: text/plain\\n\\nbody")
            .localRedirects(MIRROR)
            .build();
    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(303);
    assertThat(call.body()).isEqualTo("body");
  }

  @Test
  void localRedirect_letsTheProgramComeToItsEnd() throws IOException {
    Path mark = directory.resolve("mark");
    Path program =
        Programs.sh(directory, "p", "printf 'Location: /x\\n\\n'", "sleep 0.1", "touch " + mark);
    Call call = Call.get("/").to(CgiApplication.builder(program).localRedirects(MIRROR).build());

    assertThat(call.status).isEqualTo(200);
    assertThat(mark).exists();
  }

  @Test
  @Timeout(60)
  void localRedirectOfAProgramThatWorksOn_isFollowedAndLetsItFinish() throws Exception {
    Path go = directory.resolve("go");
    BlockingQueue<CgiRun> runs = new LinkedBlockingQueue<>();
    Application app =
        CgiApplication.builder(
                Programs.sh(
                    directory,
                    "p",
                    "printf 'Location: /x\\n\\n'",
                    "while [ ! -e " + go + " ]; do sleep 0.02; done",
                    "printf 'and more'"))
            .localRedirects(MIRROR)
            .onRun(runs::add)
            .build();

    assertThat(Call.get("/").to(app).status).isEqualTo(200);
    assertThat(runs).isEmpty();
    Files.createFile(go);
    CgiRun run = runs.take();
    assertThat(run.exit()).isEqualTo("exit 0");
    assertThat(run.limits()).isEmpty();
    assertThat(run.failure()).isNull();
  }

  @Test
  void veryManyLineEnds_areABody() throws IOException {
    CgiApplication app = redirecting("yes '' | head -c 1000000");
    Call call = Call.get("/").to(app);

    assertThat(call.status).isEqualTo(302);
    assertThat(call.headers.get("Location")).isEqualTo("/x");
    assertThat(app.refusals().count("response-untyped")).isEqualTo(1);
  }

  @Test
  @Timeout(60)
  void lineEndsThatDrip_holdUpNoRedirect() throws IOException {
    Call call = Call.get("/").to(redirecting("while :; do echo; sleep 0.02; done"));

    assertThat(call.status).isEqualTo(200);
    assertThat(call.outcome.complete()).isTrue();
  }

  private CgiApplication redirecting(String lineEnds) throws IOException {
    return CgiApplication.builder(
            Programs.sh(directory, "p", "printf 'Location: /x\\n\\n'", lineEnds))
        .localRedirects(MIRROR)
        .afterOutput(Duration.ofMillis(100))
        .build();
  }

  @Test
  void headOfALocalRedirect_hasNoBody() throws IOException {
    Call call =
        Call.of("HEAD", "/").to(builder("Location: /x\\n\\n").localRedirects(MIRROR).build());
    assertThat(call.status).isEqualTo(200);
    assertThat(call.body()).isEmpty();
  }

  @Test
  void directory_canServeItsOwnRedirects() throws IOException {
    Path root = Files.createDirectory(directory.resolve("d"));
    Programs.sh(root, "from", "printf 'Location: /cgi/to/x?q\\n\\n'");
    Programs.sh(
        root, "to", "printf 'Content-Type: a/b\\n\\n%s' \"$SCRIPT_NAME$PATH_INFO?$QUERY_STRING\"");
    AtomicReference<Application> server = new AtomicReference<>();
    CgiDirectory app =
        CgiDirectory.builder(root)
            .localRedirects((environ, start) -> server.get().call(environ, start))
            .build();
    server.set(
        (environ, start) -> {
          Environ mounted = environ.mounted("/cgi");
          return app.call(mounted == null ? environ : mounted, start);
        });

    assertThat(Call.get("/cgi/from").to(server.get()).body()).isEqualTo("/cgi/to/x?q");
  }

  private CgiApplication app(String output) throws IOException {
    return builder(output).build();
  }

  private CgiApplication.Builder builder(String output) throws IOException {
    return CgiApplication.builder(Programs.sh(directory, "p", "printf '" + output + "'"));
  }
}
