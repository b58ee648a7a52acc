package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Map;
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
            response.setHeader("X-Both", "outer");
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
                          200, Headers.of("Content-Type", "image/png", "X-Both", "inner"));
                      return Body.of("x");
                    },
                    "/inner"));
    RawResponse response = RawClient.get(port, "/outer");
    assertThat(response.header("Content-Type")).isEqualTo("image/png");
    assertThat(response.header("X-Outer")).isEqualTo("kept");
    assertThat(response.header("X-Both")).isEqualTo("inner");
  }

  @Test
  void include_thatFailsReachesTheIncludingServlet() throws Exception {
    HttpServlet outer =
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void service(HttpServletRequest request, HttpServletResponse response)
              throws ServletException, IOException {
            try {
              request.getRequestDispatcher("/inner").include(request, response);
              response.getOutputStream().print("no failure");
            } catch (IOException e) {
              response.getOutputStream().print(e.getMessage());
            }
          }
        };
    int port =
        start(
            Deployment.at("")
                .servlet(outer, "/outer")
                .application(
                    (environ, startResponse) -> {
                      startResponse.start(200, Headers.of());
                      return Body.writing(
                          out -> {
                            out.write('x');
                            out.flush();
                            throw new IllegalStateException(ResponseContract.SECRET);
                          });
                    },
                    "/inner"));
    RawResponse response = RawClient.get(port, "/outer");
    assertThat(response.end()).isEqualTo(RawResponse.End.WHOLE);
    assertThat(response.text()).isEqualTo("xresponse must be cut: java.lang.IllegalStateException");
  }
}
