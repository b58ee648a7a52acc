package dev.postern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve --dev} and {@code serve Hello.java}, as a developer uses them. */
@Timeout(120)
class DevTest {
  private static final String HELLO =
      """
      import dev.postern.*;
      class Hello implements Responder {
        public Response respond(Environ environ) {
          return Response.of(200, Headers.of("Content-Type", "text/plain"), Body.of("TEXT"));
        }
      }
      """;

  @TempDir Path directory;

  private Child serve(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("serve", "--port", "0"));
    all.addAll(List.of(words));
    return Child.start(directory, Map.of(), all.toArray(new String[0]));
  }

  private static HttpResponse<String> get(String address, String... headers) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private void write(String text) throws Exception {
    Files.writeString(directory.resolve("Hello.java"), HELLO.replace("TEXT", text));
  }

  @Test
  void sourceFile_isServedAndReadAgainWhenItChanges() throws Exception {
    write("one");
    try (Child child = serve("Hello.java", "--dev")) {
      String address = child.address() + "/";
      assertThat(get(address).body()).isEqualTo("one");
      write("another");
      assertThat(get(address).body()).isEqualTo("another");
      Files.writeString(directory.resolve("Hello.java"), "class Hello {");
      HttpResponse<String> broken = get(address);
      assertThat(broken.statusCode()).isEqualTo(500);
      assertThat(broken.body()).contains("SOURCE must compile: ", "Hello.java:1: error");
      write("mended");
      assertThat(get(address).body()).isEqualTo("mended");
      child.terminate();
      assertThat(child.exit()).isZero();
    }
  }

  @Test
  void sourceFile_withoutDevIsReadOnce() throws Exception {
    write("one");
    try (Child child = serve("Hello.java")) {
      String address = child.address() + "/";
      write("another");
      assertThat(get(address).body()).isEqualTo("one");
    }
  }

  @Test
  void sourceFileThatIsWrong_isOneLine() throws Exception {
    for (String[] wrong :
        new String[][] {
          {"class Hello {", "SOURCE must compile: "},
          {"class Hello {}", "SOURCE must hold a dev.postern.Application"}
        }) {
      Files.writeString(directory.resolve("Hello.java"), wrong[0]);
      try (Child child = serve("Hello.java")) {
        assertThat(child.exit()).isEqualTo(2);
        assertThat(child.errors()).startsWith("postern: " + wrong[1]).hasLineCount(1);
      }
    }
  }

  @Test
  void quiet_logsExceptionsOfApplications_andNotTheirLines() throws Exception {
    Files.writeString(
        directory.resolve("Hello.java"),
        """
        import dev.postern.*;
        class Hello implements Responder {
          public Response respond(Environ environ) {
            environ.errors().println("a line");
            throw new IllegalStateException("thrown");
          }
        }
        """);
    try (Child child = serve("Hello.java", "--quiet")) {
      assertThat(get(child.address() + "/").statusCode()).isEqualTo(500);
      child.terminate();
      assertThat(child.exit()).isZero();
      assertThat(child.errors())
          .contains("java.lang.IllegalStateException: thrown", "at Hello.respond(")
          .doesNotContain("a line");
    }
  }

  @Test
  void classes_areLoadedAgainAndFailuresShown() throws Exception {
    Path classes = directory.resolve("classes");
    Sources.compile(classes, "Hello", Sources.HELLO);
    Sources.script(
        directory.resolve("broken"), "#!/bin/sh\necho '<b>no header</b>'; echo why >&2; exit 3\n");
    String[] words = {"--classpath", "classes", "--app", "/app=Hello", "--cgi", "/broken=broken"};
    List<String> dev = new ArrayList<>(List.of(words));
    dev.add("--dev");
    try (Child child = serve(dev.toArray(new String[0]))) {
      String address = child.address();
      assertThat(get(address + "/app").body()).isEqualTo("Hello from /app\n");
      Sources.compile(
          classes,
          "Hello",
          Sources.HELLO.replace(
              "return Body", "if (true) throw new Error(\"thrown\"); return Body"));
      assertThat(get(address + "/broken", "Cookie", "a=b", "Accept", "text/html").body())
          .contains("<title>502</title>", "bad-name", "Write names of letters, digits and hyphens")
          .contains("&lt;b&gt;no header", "why", "HTTP_COOKIE=(masked)", "exit 3")
          .doesNotContain("<b>", "a=b");
      // Asked by another one than the developer.
      String fixed = "502 Bad Gateway\n";
      assertThat(get(address + "/broken", "X-Forwarded-For", "192.0.2.1").body()).isEqualTo(fixed);
      int port = URI.create(address).getPort();
      assertThat(Wire.request(port, "GET /broken HTTP/1.1\nHost: evil.example"))
          .endsWith("\r\n\r\n" + fixed);
      child.terminate();
      assertThat(child.exit()).isZero();
    }
    try (Child child = serve(words)) {
      assertThat(get(child.address() + "/broken").body()).isEqualTo("502 Bad Gateway\n");
    }
  }
}
