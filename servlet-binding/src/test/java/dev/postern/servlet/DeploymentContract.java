package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.HttpException;
import dev.postern.StartResponse;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How an application gets into a container, and what it and the container tell each other. */
abstract class DeploymentContract extends ContainerContract {
  DeploymentContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  /** What a {@code web.xml} may name. */
  public static final class Named implements Application, AutoCloseable {
    static final AtomicInteger CLOSED = new AtomicInteger();

    public Named() {}

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      startResponse.start(200, Headers.of());
      return Body.of("named");
    }

    @Override
    public void close() {
      CLOSED.incrementAndGet();
    }
  }

  /** It has no public constructor without arguments. */
  public static final class Unnameable implements Application {
    public Unnameable(String argument) {}

    @Override
    public Body call(Environ environ, StartResponse startResponse) {
      return Body.of("");
    }
  }

  @Test
  void initParameter_namesTheApplication() throws Exception {
    Named.CLOSED.set(0);
    int port = start(deployed(" " + Named.class.getName() + "\n"));
    assertThat(RawClient.get(port, "/x").text()).isEqualTo("named");
    stop();
    assertThat(Named.CLOSED).hasValue(1);
  }

  @Test
  void initParameter_mustNameAnApplication() {
    for (String name :
        List.of("", "no.such.Class", "java.lang.String", Unnameable.class.getName())) {
      Throwable thrown = catchThrowable(() -> askForRoot(start(deployed(name))));
      assertThat(server == Server.UNDERTOW || thrown != null).as(name).isTrue();
      assertThat(thrown + " " + logs.lines())
          .as(name)
          .contains("init parameter application must name an Application");
      // also where a container shows the innermost cause alone
      Throwable innermost = thrown;
      while (innermost != null && innermost.getCause() != null) {
        innermost = innermost.getCause();
      }
      assertThat(innermost + " " + logs.lines()).as(name).contains("init parameter application");
    }
  }

  /** Undertow starts without the servlet, and tells only at the first request what was wrong. */
  private void askForRoot(int port) throws IOException {
    assertThat(RawClient.get(port, "/").status()).isEqualTo(500);
  }

  private static Deployment deployed(String name) {
    return Deployment.at("").servlet(ServletGateway.class, Map.of("application", name), "/*");
  }

  @Test
  void errors_goToTheContextsLogLineByLine() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              environ.errors().println("first line");
              environ.errors().print("second \u20ac");
              environ.errors().println(" line\r");
              environ.errors().print("third line");
              startResponse.start(200, Headers.of());
              return Body.of("x");
            });
    assertThat(RawClient.get(port, "/").text()).isEqualTo("x");
    stop();
    assertThat(logs.lines())
        .filteredOn(line -> line.matches(".*: (first|second|third) .*"))
        .extracting(line -> line.substring(line.indexOf(": ") + 2))
        .containsExactly("first line", "second \u20ac line", "third line");
  }

  @Test
  void extensions_tellHowTheGatewayCalls() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              startResponse.start(200, Headers.of());
              return Body.of(
                  environ.get("postern.multithread")
                      + " "
                      + environ.get("postern.multiprocess")
                      + " "
                      + environ.get("postern.run_once")
                      + " "
                      + environ.remaining());
            });
    assertThat(RawClient.get(port, "/").text()).isEqualTo("true false false null");
  }

  @Test
  void url_leadsBack() throws Exception {
    int port =
        start(
            Deployment.at("/app")
                .application(
                    (environ, startResponse) -> {
                      startResponse.start(200, Headers.of());
                      return Body.of(environ.url());
                    },
                    "/x/*"));
    assertThat(RawClient.get(port, "/app/x/a%20b/%2c?q=1", "Host: example.org").text())
        .isEqualTo("http://example.org/app/x/a%20b/,?q=1");
  }

  /** As a filter for encodings does it. */
  @Test
  void forwardedResponse_hasTheApplicationsOwnHeaders() throws Exception {
    HttpServlet outer =
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void service(HttpServletRequest request, HttpServletResponse response)
              throws ServletException, IOException {
            response.setCharacterEncoding("UTF-8");
            response.setHeader("X-Outer", "kept");
            response.setHeader("X-Frame-Options", "outer");
            request.getRequestDispatcher("/inner").forward(request, response);
          }
        };
    int port =
        start(
            Deployment.at("")
                .servlet(outer, "/outer")
                .application(
                    (environ, startResponse) -> {
                      startResponse.start(
                          200, Headers.of("Content-Type", "image/png", "X-Frame-Options", "inner"));
                      return Body.of("x");
                    },
                    "/inner"));
    RawResponse response = RawClient.get(port, "/outer");
    assertThat(response.header("Content-Type")).isEqualTo("image/png");
    assertThat(response.header("X-Outer")).isEqualTo("kept");
    assertThat(response.all("X-Frame-Options")).containsExactly("inner");
  }

  @Test
  void include_thatFailsReachesTheIncludingServlet() throws Exception {
    assertThat(included(failing(out -> out.flush())))
        .isEqualTo("before x response must be cut: java.lang.IllegalStateException");
  }

  /** Nothing was sent yet: where it is no include, the client gets a 500. */
  @Test
  void include_thatFailsEarlyLeavesNoErrorPageInThePage() throws Exception {
    String failed = "response must be cut: ";
    assertThat(included(failing(out -> {})))
        .isEqualTo("before  " + failed + "java.lang.IllegalStateException");
    assertThat(included((environ, startResponse) -> Body.of("x")))
        .isEqualTo("before  " + failed + "java.lang.IllegalStateException");
    assertThat(
            included(
                (environ, startResponse) -> {
                  throw new GatewayException(404, ResponseContract.SECRET);
                }))
        .isEqualTo("before  " + failed + "dev.postern.GatewayException");
    // the engine itself finds these
    assertThat(
            included(
                (environ, startResponse) -> {
                  startResponse.start(200, Headers.of("Content-Length", "100"));
                  return Body.of("short");
                }))
        .startsWith("before  " + failed);
    assertThat(
            included(
                (environ, startResponse) -> {
                  startResponse.start(500, Headers.of());
                  assertThatThrownBy(() -> startResponse.start(500, Headers.of()))
                      .isInstanceOf(IllegalStateException.class);
                  return Body.of("twice");
                }))
        .isEqualTo("before  " + failed + "java.lang.IllegalStateException");
  }

  @Test
  void include_ofAnErrorThatTheApplicationAnswersItself_isAPartOfThePage() throws Exception {
    Application application =
        (environ, startResponse) -> {
          startResponse.start(404, Headers.of("Content-Type", "text/plain"));
          return Body.of("none here");
        };
    assertThat(included(application)).isEqualTo("before none here no failure");
  }

  private static Application failing(Body.Writer before) {
    return (environ, startResponse) -> {
      startResponse.start(200, Headers.of());
      return Body.writing(
          out -> {
            out.write('x');
            before.writeTo(out);
            throw new IllegalStateException(ResponseContract.SECRET);
          });
    };
  }

  /** The text of a page that includes the application. */
  private String included(Application application, String... headers) throws Exception {
    HttpServlet outer =
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void service(HttpServletRequest request, HttpServletResponse response)
              throws ServletException, IOException {
            response.getOutputStream().print("before ");
            try {
              request.getRequestDispatcher("/inner").include(request, response);
              response.getOutputStream().print(" no failure");
            } catch (IOException e) {
              response.getOutputStream().print(" " + e.getMessage());
            }
          }
        };
    int port = start(Deployment.at("").servlet(outer, "/outer").application(application, "/inner"));
    RawResponse response = RawClient.get(port, "/outer", headers);
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
    return response.text();
  }

  // ---- pages for errors ----

  @Test
  void errorPage_keepsTheStatusOfTheError() throws Exception {
    int port =
        start(
            Deployment.at("")
                .errorPage(410, "/page/gone")
                .errorPage(500, "/page/failed")
                .servlet(new Sending(), "/send/*")
                .application(DUMP, "/page/*"));
    RawResponse gone = RawClient.get(port, "/send/a%20b?410");
    assertThat(gone.status()).isEqualTo(410);
    assertThat(gone.text())
        .contains("REDIRECT_STATUS=410\0")
        .contains("REDIRECT_URL=/send/a%20b\0")
        .contains("PATH_INFO=/gone\0");
    RawResponse failed = RawClient.get(port, "/send/x?throw");
    assertThat(failed.status()).isEqualTo(500);
    assertThat(failed.text()).contains("REDIRECT_STATUS=500\0");
    assertThat(RawClient.get(port, "/page/gone").status()).isEqualTo(200);
    assertThat(variables(port, "/page/gone")).doesNotContainKeys("REDIRECT_STATUS", "REDIRECT_URL");
  }

  /** They are about what the client has asked for, which the error page is not. */
  private static final String[] CONDITIONS = {
    "Range: bytes=0-1",
    "If-Range: \"1\"",
    "If-Match: \"1\"",
    "If-None-Match: \"1\"",
    "If-Modified-Since: Mon, 07 Nov 1994 08:49:37 GMT",
    "If-Unmodified-Since: Mon, 07 Nov 1994 08:49:37 GMT"
  };

  @Test
  void errorPage_isAskedForByAGetWithoutConditionsAndBody() throws Exception {
    int port =
        start(
            Deployment.at("")
                .errorPage(410, "/page/gone")
                .servlet(new Sending(), "/send/*")
                .application(DUMP, "/page/*"));
    RawResponse get = RawClient.get(port, "/send/x?410", CONDITIONS);
    assertThat(get.status()).isEqualTo(410);
    assertThat(get.text()).doesNotContain("HTTP_IF_").doesNotContain("HTTP_RANGE");
    assertThat(variables(port, "/page/gone", CONDITIONS)).containsKeys("HTTP_IF_RANGE");
    String post = RawClient.request("POST", "/send/x?410", "Content-Length: 3");
    RawResponse posted = RawClient.exchange(port, post + "abc");
    assertThat(posted.status()).isEqualTo(410);
    assertThat(posted.text())
        .contains("REQUEST_METHOD=GET\0\n")
        .contains("REDIRECT_REQUEST_METHOD=POST\0\n")
        .doesNotContain("CONTENT_LENGTH");
  }

  /** A part that answers 206, 304 or gzip is no part of the page. */
  @Test
  void include_isAskedForWithoutConditions() throws Exception {
    assertThat(included(DUMP, CONDITIONS))
        .contains("REQUEST_METHOD=GET\0\n")
        .doesNotContain("HTTP_IF_")
        .doesNotContain("HTTP_RANGE")
        .endsWith(" no failure");
    assertThat(included(DUMP, "Accept-Encoding: gzip", "X-A: 1"))
        .contains("HTTP_X_A=1\0\n")
        .doesNotContain("HTTP_ACCEPT_ENCODING");
  }

  @Test
  void errorPage_mayHaveAStatusOfItsOwn() throws Exception {
    Application moved =
        (environ, startResponse) -> {
          startResponse.start(302, Headers.of("Location", "/new"));
          return Body.empty();
        };
    int port =
        start(
            Deployment.at("")
                .errorPage(410, "/page")
                .servlet(new Sending(), "/send/*")
                .application(moved, "/page"));
    assertThat(RawClient.get(port, "/send/x?410").status()).isEqualTo(302);
  }

  private static final class Sending extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      if (request.getQueryString().equals("throw")) {
        throw new IOException("failure of a servlet");
      }
      response.sendError(Integer.parseInt(request.getQueryString()));
    }
  }

  // ---- the logger dev.postern ----

  @Test
  void failures_areLinesOfTheLogger() throws Exception {
    int port =
        start(
            (environ, startResponse) -> {
              switch (environ.pathInfo()) {
                case "/bad" -> throw new IllegalStateException("broken\nforged");
                case "/refused" -> throw new GatewayException(404, "no such thing");
                case "/busy" -> throw new GatewayException(503, "no place");
                case "/login" -> throw new HttpException(401, "no password");
                case "/down" -> throw new HttpException(503, "no database");
                case "/half" -> {
                  startResponse.start(200, Headers.of());
                  return Body.writing(
                      out -> {
                        out.flush();
                        throw new HttpException(403, "no more");
                      });
                }
                default -> startResponse.start(200, Headers.of());
              }
              return Body.of("x");
            });
    RawClient.get(port, "/fine");
    int lines = 0;
    for (String path : List.of("/bad?secret", "/refused", "/busy", "/login", "/down", "/half")) {
      RawClient.get(port, path);
      // A client has its answer before the line is there: the next request's could be earlier.
      logs.entries("dev.postern", ++lines);
    }
    assertThat(logs.entries("dev.postern"))
        .containsExactly(
            "WARNING 500 for GET \"/bad\": java.lang.IllegalStateException: broken\\u000Aforged"
                + " java.lang.IllegalStateException: broken\nforged",
            "INFO 404 for GET \"/refused\": dev.postern.GatewayException: no such thing",
            "WARNING 503 for GET \"/busy\": dev.postern.GatewayException: no place",
            "INFO 401 for GET \"/login\": dev.postern.HttpException: no password",
            "WARNING 503 for GET \"/down\": dev.postern.HttpException: no database"
                + " dev.postern.HttpException: no database",
            "WARNING no whole response to GET \"/half\": dev.postern.HttpException: no more");
  }

  @Test
  void clientThatHasGone_isNoWarning() throws Exception {
    CountDownLatch gone = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    int port =
        start(
            (environ, startResponse) -> {
              environ.onFinish(outcome -> done.countDown());
              startResponse.start(200, Headers.of());
              return Body.writing(
                  out -> {
                    out.flush();
                    gone.await();
                    for (int i = 0; i < 10_000; i++) {
                      out.write(new byte[8 * 1024]);
                    }
                  });
            });
    try (RawClient client = new RawClient(port)) {
      client.send(RawClient.request("GET", "/")).head("GET");
      client.reset();
    }
    gone.countDown();
    done.await();
    stop();
    assertThat(logs.entries("dev.postern")).isEmpty();
  }
}
