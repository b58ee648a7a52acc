package dev.postern.servlet;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.web.filter.FormContentFilter;

/** What filters in front of the servlet have done to the request and to the response. */
abstract class FilterContract extends ContainerContract {
  private static final String FORM = "application/x-www-form-urlencoded";

  FilterContract(Server server, Container.Starter starter) {
    super(server, starter);
  }

  /** Does something, and goes on. */
  @FunctionalInterface
  private interface Before {
    void run(HttpServletRequest request, HttpServletResponse response)
        throws IOException, ServletException;
  }

  private static Filter filter(Before before) {
    return (request, response, chain) -> {
      before.run((HttpServletRequest) request, (HttpServletResponse) response);
      chain.doFilter(request, response);
    };
  }

  // ---- headers ----

  @Test
  void headersOfFilters_areKept() throws Exception {
    Filter filter =
        filter(
            (request, response) -> {
              response.addHeader("Set-Cookie", "filter=1");
              response.setHeader("Vary", "Origin");
              response.setHeader("X-Frame-Options", "DENY");
              response.setHeader("X-Filter", "1");
              response.setHeader("ETag", "\"f\"");
              response.setContentType("text/html");
            });
    Application application =
        (environ, startResponse) -> {
          startResponse.start(
              200,
              Headers.of("Set-Cookie", "a=1", "Vary", "Accept", "X-Frame-Options", "SAMEORIGIN")
                  .plus("Set-Cookie", "b=2")
                  .plus("etag", "\"a\"")
                  .plus("Content-Type", "text/x-own"));
          return Body.of("x");
        };
    int port = start(Deployment.at("").filter(filter).application(application, "/*"));
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.all("Set-Cookie")).containsExactly("filter=1", "a=1", "b=2");
    assertThat(String.join(", ", response.all("Vary"))).isEqualTo("Origin, Accept");
    assertThat(response.all("X-Frame-Options")).containsExactly("SAMEORIGIN");
    assertThat(response.all("X-Filter")).containsExactly("1");
    assertThat(response.all("ETag")).containsExactly("\"a\"");
    assertThat(response.all("Content-Type")).containsExactly("text/x-own");
  }

  /** As the filter of Spring Security has it, and Tomcat's own stream if nobody has a listener. */
  @Test
  void largeFileBehindAFilterWhoseStreamIsNotReady_isSent(@TempDir Path directory)
      throws Exception {
    byte[] bytes = new byte[200_000];
    new Random(7).nextBytes(bytes);
    Path file = Files.write(directory.resolve("large.bin"), bytes);
    Filter filter =
        (request, response, chain) ->
            chain.doFilter(request, new Unready((HttpServletResponse) response));
    Application application =
        (environ, startResponse) -> {
          startResponse.start(200, Headers.of("Content-Type", "application/octet-stream"));
          return Body.of(file);
        };
    int port = start(Deployment.at("").filter(filter).application(application, "/*"));
    RawResponse response = RawClient.get(port, "/");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.body()).isEqualTo(bytes);
  }

  private static final class Unready extends HttpServletResponseWrapper {
    Unready(HttpServletResponse response) {
      super(response);
    }

    @Override
    public ServletOutputStream getOutputStream() throws IOException {
      ServletOutputStream out = super.getOutputStream();
      return new ServletOutputStream() {
        @Override
        public void write(int b) throws IOException {
          out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          out.write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
          out.flush();
        }

        @Override
        public void close() throws IOException {
          out.close();
        }

        @Override
        public boolean isReady() {
          return false;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
          out.setWriteListener(listener);
        }
      };
    }
  }

  // ---- bodies ----

  /** Answers with CONTENT_LENGTH and the body. */
  private static final Application ECHO =
      (environ, startResponse) -> {
        String length = environ.variable("CONTENT_LENGTH");
        byte[] body = environ.input().readAllBytes();
        startResponse.start(200, Headers.of("Content-Type", "application/octet-stream"));
        return Body.of((length + " ").getBytes(StandardCharsets.US_ASCII), body);
      };

  private static RawResponse send(int port, String method, String query, String type, String body)
      throws IOException {
    String[] headers = {"Content-Type: " + type, "Content-Length: " + body.length()};
    return RawClient.exchange(port, RawClient.request(method, "/" + query, headers) + body);
  }

  private static RawResponse sendChunked(int port, String type, String... chunks)
      throws IOException {
    StringBuilder text =
        new StringBuilder(
            RawClient.request("POST", "/", "Content-Type: " + type, "Transfer-Encoding: chunked"));
    for (String chunk : chunks) {
      text.append(Integer.toHexString(chunk.length())).append("\r\n").append(chunk).append("\r\n");
    }
    return RawClient.exchange(port, text + "0\r\n\r\n");
  }

  private static void assertEchoed(RawResponse response, String body) {
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.text()).isEqualTo(body.length() + " " + body);
  }

  @Test
  void formThatAFilterHasRead_isMadeAgainFromTheParametersOfTheBody() throws Exception {
    int port =
        start(
            Deployment.at("")
                .filter(filter((request, response) -> request.getParameter("_csrf")))
                .application(ECHO, "/*"));
    Map<String, String> bodies = new LinkedHashMap<>();
    bodies.put("a=1&b=two+words&c=%26%3D%25", "");
    bodies.put("a=1&a=2&a=1", "?a=1&q=5&%61=3");
    bodies.put("caf%C3%A9=%E2%82%AC&empty=", "?caf%C3%A9=x&&q");
    bodies.put("a=" + "x".repeat(20_000), "");
    for (Map.Entry<String, String> row : bodies.entrySet()) {
      assertEchoed(send(port, "POST", row.getValue(), FORM, row.getKey()), row.getKey());
      assertEchoed(
          send(port, "POST", row.getValue(), FORM + "; charset=UTF-8", row.getKey()), row.getKey());
    }
    // The same fields in as many bytes as they need.
    assertThat(send(port, "POST", "", FORM, "a=%31&b").text()).isEqualTo("6 a=1&b=");
    assertThat(sendChunked(port, FORM, "a=1&b", "=2").text()).isEqualTo("7 a=1&b=2");
  }

  @Test
  void formThatAFilterHasRead_isNotLargerThanMaxBody() throws Exception {
    int port =
        start(
            Deployment.at("")
                .withMultipart()
                .filter(
                    filter(
                        (request, response) -> {
                          if (request.getContentType().startsWith("multipart")) {
                            request.getParts();
                          } else {
                            request.getParameter("a");
                          }
                        }))
                .servlet(ServletGateway.builder(ECHO).maxBody(1000).build(), "/*"));
    String small = "a=" + "x".repeat(900);
    assertThat(sendChunked(port, FORM, small).text()).isEqualTo("902 " + small);
    assertThat(sendChunked(port, FORM, "a=" + "x".repeat(100_000)).status()).isEqualTo(413);
    String part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
    String parts = part + "x".repeat(2000) + "\r\n--b--\r\n";
    assertThat(sendChunked(port, "multipart/form-data; boundary=b", parts).status()).isEqualTo(413);
  }

  /** The others are the application's own to read. */
  @Test
  void formThatNobodyHasRead_isAsItWasSent() throws Exception {
    int port = start(Deployment.at("").application(ECHO, "/*"));
    for (String body : List.of("a=%31&b", "", "x", "a=1&a=2", "y".repeat(100_000))) {
      assertEchoed(send(port, "POST", "?a=1", FORM, body), body);
      assertEchoed(send(port, "PUT", "?a=1", FORM, body), body);
    }
    assertThat(sendChunked(port, FORM, "a=1").text()).isEqualTo("null a=1");
    assertThat(RawClient.get(port, "/?a=1", "Content-Type: " + FORM).text()).isEqualTo("null ");
  }

  /** Spring Boot has this filter by default. */
  @Test
  void formsOfPutPatchAndDelete_behindSpringsFormContentFilter_areMadeAgain() throws Exception {
    int port = start(Deployment.at("").filter(new FormContentFilter()).application(ECHO, "/*"));
    for (String method : List.of("POST", "PUT", "PATCH", "DELETE")) {
      assertEchoed(send(port, method, "?a=0", FORM, "a=1&b=%C3%A9"), "a=1&b=%C3%A9");
    }
  }

  @Test
  void multipartThatAFilterHasRead_isMadeAgain() throws Exception {
    int port =
        start(
            Deployment.at("")
                .withMultipart()
                .filter(filter((request, response) -> request.getParts()))
                .application(ECHO, "/*"));
    String body =
        "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n\u0000\u00ff\r\n--\r\n"
            + "--b--\r\n";
    RawResponse response = send(port, "POST", "", "multipart/form-data; boundary=b", body);
    assertThat(response.status()).isEqualTo(200);
    String echoed = new String(response.body(), StandardCharsets.ISO_8859_1);
    int space = echoed.indexOf(' ');
    assertThat(Integer.parseInt(echoed.substring(0, space))).isEqualTo(echoed.length() - space - 1);
    assertThat(echoed.substring(space + 1).toLowerCase()).isEqualTo(body.toLowerCase());
  }

  /** The names are in UTF-8, as browsers send them. */
  @Test
  void namesOfPartsThatAFilterHasRead_areTheBytesThatWereSent() throws Exception {
    String body =
        "--b\r\nContent-Disposition: form-data; name=\"caf\u00c3\u00a9\";"
            + " filename=\"\u00e2\u0082\u00ac.txt\"\r\n"
            + "Content-Type: text/plain\r\n\r\n\u00c3\u00a9\r\n--b--\r\n";
    for (String charset : Arrays.asList("UTF-8", "ISO-8859-1", "US-ASCII", null)) {
      int port =
          start(
              Deployment.at("")
                  .withMultipart()
                  .filter(
                      filter(
                          (request, response) -> {
                            if (charset != null) {
                              request.setCharacterEncoding(charset);
                            }
                            request.getParts();
                          }))
                  .application(ECHO, "/*"));
      RawResponse response = send(port, "POST", "", "multipart/form-data; boundary=b", body);
      assertRefusedOrWhole(response, body);
      if (charset != null && !charset.equals("US-ASCII")) {
        assertThat(response.status()).as(charset).isEqualTo(200);
      }
    }
  }

  /** Fields of parts may come in other letters. */
  private static void assertRefusedOrWhole(RawResponse response, String body) {
    if (response.status() == 200) {
      String text = response.text();
      String echoed = text.substring(text.indexOf(' ') + 1);
      assertThat(echoed.length()).isEqualTo(body.length());
      assertThat(echoed).isEqualToIgnoringCase(body);
    } else {
      assertThat(response.status()).isGreaterThanOrEqualTo(400);
    }
  }

  /** A container may refuse the form itself, when the filter asks. */
  @Test
  void formOfWhichTheContainerHasLostAPart_isRefused() throws Exception {
    int port =
        start(
            Deployment.at("")
                .withMultipart()
                .filter(filter((request, response) -> request.getParameter("_csrf")))
                .application(ECHO, "/*"));
    for (String body : List.of("a=1&discount=100%&b=2", "a=1&b=%zz")) {
      assertRefusedOrWhole(send(port, "POST", "", FORM, body), body);
    }
    if (server == Server.UNDERTOW) {
      // It drops fields, and nobody can see that if the length of the form is not known.
      return;
    }
    String many = IntStream.range(0, 1500).mapToObj(i -> "f" + i + "=1").collect(joining("&"));
    assertRefusedOrWhole(send(port, "POST", "", FORM, many), many);
    for (String body : List.of("a=1&discount=100%&b=2", "a=1&b=%zz", many)) {
      assertRefusedOrWhole(sendChunked(port, FORM, body), body);
    }
    String part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
    String parts = part.repeat(1500) + "--b--\r\n";
    assertRefusedOrWhole(send(port, "POST", "", "multipart/form-data; boundary=b", parts), parts);
    assertRefusedOrWhole(sendChunked(port, "multipart/form-data; boundary=b", parts), parts);
  }

  /** Tomcat 10.1 reads 2 MiB of it, and keeps nothing. */
  @Test
  void chunkedFormThatIsTooLargeForTheContainer_isRefused() throws Exception {
    int port =
        start(
            Deployment.at("")
                .filter(filter((request, response) -> request.getParameter("_csrf")))
                .application(ECHO, "/*"));
    String chunk = "a=" + "x".repeat(1 << 20);
    RawResponse response;
    try {
      response = sendChunked(port, FORM, chunk, "&" + chunk, "&" + chunk);
    } catch (SocketException | EOFException e) {
      // A container that has refused the form closes the connection before it has read all of it.
      return;
    }
    assertRefusedOrWhole(response, chunk + "&" + chunk + "&" + chunk);
  }

  /** The encoding of a form is that of its page, which may be another one than the server's. */
  @Test
  void formInAnotherCharset_isRefusedWhereItsBytesAreLost() throws Exception {
    int port =
        start(
            Deployment.at("")
                .filter(
                    filter(
                        (request, response) -> {
                          request.setCharacterEncoding("UTF-8");
                          request.getParameter("_csrf");
                        }))
                .application(ECHO, "/*"));
    for (String body : List.of("a=caf%E9&b=2", "a=%EF%BF%BD&b=2")) {
      RawResponse response = send(port, "POST", "", FORM, body);
      assertRefusedOrWhole(response, body);
      if (body.contains("EF")) {
        assertEchoed(response, body);
      }
    }
  }

  @Test
  void otherBodyThatAFilterHasRead_isAFaultOfTheServerAndSaysSo() throws Exception {
    int failures = 0;
    for (Filter filter :
        List.of(
            filter((request, response) -> request.getInputStream().readAllBytes()),
            filter((request, response) -> request.getReader().readLine()))) {
      int port = start(Deployment.at("").filter(filter).application(ECHO, "/*"));
      RawResponse response = send(port, "POST", "", "application/json", "{\"a\":1}");
      assertThat(response.status()).isEqualTo(500);
      assertThat(response.text()).isEqualTo("500 Internal Server Error\n");
      assertThat(logs.entries("dev.postern", ++failures))
          .last()
          .asString()
          .contains("request body must be left to the servlet")
          .contains("FilterContract");
    }
  }

  // ---- forms that are passed on ----

  private static final String MULTIPART =
      "--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nann\r\n--b--\r\n";

  /** Passes all on, after a look at what the request's head says. */
  private static FilterGateway passing() {
    return FilterGateway.builder(
            (environ, startResponse) -> {
              assertThat(environ.contentLength()).isPositive();
              startResponse.start(404, FilterGateway.PASS_ON);
              return Body.empty();
            })
        .build();
  }

  @Test
  void formThatIsPassedOn_isWhole() throws Exception {
    HttpServlet login =
        new HttpServlet() {
          private static final long serialVersionUID = 1;

          @Override
          protected void doPost(HttpServletRequest request, HttpServletResponse response)
              throws IOException, ServletException {
            boolean parts = request.getContentType().startsWith("multipart");
            String name =
                parts
                    ? new String(
                        request.getPart("name").getInputStream().readAllBytes(),
                        StandardCharsets.UTF_8)
                    : request.getParameter("name");
            response.getOutputStream().print(name);
          }
        };
    int port = start(Deployment.at("").withMultipart().filter(passing()).servlet(login, "/*"));
    assertThat(send(port, "POST", "", FORM, "name=ann&x=1").text()).isEqualTo("ann");
    assertThat(send(port, "POST", "", "multipart/form-data; boundary=b", MULTIPART).text())
        .isEqualTo("ann");
  }

  @Test
  void formThatAFilterHasRead_isMadeAgainForAFilterGatewayInItsOwnLength() throws Exception {
    int port =
        start(
            Deployment.at("")
                .application(ECHO, "/*")
                .filter(filter((request, response) -> request.getParameter("_csrf")))
                .filter(FilterGateway.builder(ECHO).build()));
    assertEchoed(send(port, "POST", "", FORM, "a=1&b=two+words"), "a=1&b=two+words");
    assertThat(send(port, "POST", "", FORM, "a=%31&b").status()).isEqualTo(500);
    assertThat(logs.entries("dev.postern", 1))
        .last()
        .asString()
        .contains("request body must be left to the servlet");
  }
}
