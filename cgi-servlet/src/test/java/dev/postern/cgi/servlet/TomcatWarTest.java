package dev.postern.cgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.catalina.Context;
import org.apache.catalina.core.StandardHost;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * WARs in a Tomcat 11 that unpacks them: one with Tomcat's own CGIServlet, and the same with the
 * class in its web.xml changed, and nothing else.
 */
@EnabledOnOs(OS.LINUX)
class TomcatWarTest {
  private static final String BEFORE = "org.apache.catalina.servlets.CGIServlet";
  private static final String AFTER = CgiServlet.class.getName();

  @TempDir static Path base;

  private static final Tomcat TOMCAT = new Tomcat();

  @BeforeAll
  static void start() throws Exception {
    Path webapps = Files.createDirectory(base.resolve("webapps"));
    TOMCAT.setBaseDir(base.toString());
    TOMCAT.setPort(0);
    // Which would want JSP.
    TOMCAT.setAddDefaultWebXmlToWebapp(false);
    TOMCAT.getConnector().setProperty("address", "127.0.0.1");
    StandardHost host = (StandardHost) TOMCAT.getHost();
    host.setUnpackWARs(true);
    host.setFailCtxIfServletStartFails(true);
    Context before = TOMCAT.addWebapp("/before", war(webapps, "before", BEFORE).toString());
    before.setPrivileged(true);
    Context after = TOMCAT.addWebapp("/after", war(webapps, "after", AFTER).toString());
    for (Context context : List.of(before, after)) {
      context.setParentClassLoader(TomcatWarTest.class.getClassLoader());
    }
    TOMCAT.start();
    assertThat(after.getState().isAvailable()).isTrue();
  }

  @AfterAll
  static void stop() throws Exception {
    TOMCAT.stop();
    TOMCAT.destroy();
  }

  private static Path war(Path directory, String name, String servlet) throws IOException {
    Path war = directory.resolve(name + ".war");
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(war))) {
      entry(out, "WEB-INF/web.xml", webXml(servlet));
      entry(out, "WEB-INF/cgi/env.sh", "printf 'Content-Type: text/plain\\n\\n'; pwd; env\n");
      entry(
          out,
          "WEB-INF/cgi/sub/echo.sh",
          "printf 'Status: 201 Created\\nContent-Type: text/plain\\n\\n'\ncat\n");
      entry(
          out,
          "WEB-INF/cgi/gone.sh",
          "printf 'Status: 410 Gone\\nContent-Type: text/plain\\n\\nour own page'\n");
    }
    return war;
  }

  private static void entry(ZipOutputStream out, String name, String text) throws IOException {
    out.putNextEntry(new ZipEntry(name));
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.closeEntry();
  }

  /** The one of docs/from-cgiservlet.md, with a shell in the place of Perl. */
  static String webXml(String servlet) throws IOException {
    String page = Files.readString(Path.of("../docs/from-cgiservlet.md"));
    int start = page.indexOf("   <servlet>");
    String xml =
        page.substring(start, page.indexOf("```", start))
            .replace(AFTER, servlet)
            .replace("/usr/bin/perl", "/bin/sh")
            .replace("-T", "-f");
    assertThat(xml).contains(servlet, "/bin/sh", "executable-arg-1");
    return "<web-app xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"6.0\">\n"
        + xml
        + "</web-app>\n";
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(
        URI.create("http://127.0.0.1:" + TOMCAT.getConnector().getLocalPort() + path));
  }

  private static List<String> lines(String path) throws Exception {
    return send(request(path).header("Accept", "text/x").header("X-Other", "1"))
        .body()
        .lines()
        .toList();
  }

  /** All that a program of CGIServlet sees is what it sees here, but for what the page names. */
  @Test
  void program_seesWhatItSawUnderCgiServlet() throws Exception {
    List<String> before = lines("/before/cgi-bin/env.sh/a/b?q=1");
    List<String> after = lines("/after/cgi-bin/env.sh/a/b?q=1");

    Set<String> missing = new TreeSet<>(before);
    after.forEach(line -> missing.remove(line.replace("/after", "/before")));
    missing.removeIf(
        line ->
            line.startsWith("SERVER_SOFTWARE=")
                || line.startsWith("REMOTE_PORT=")
                || line.startsWith("SERVER_PORT=")
                // The context's path and the query are not in them.
                || line.equals("SCRIPT_NAME=/cgi-bin/env.sh")
                || line.equals("REQUEST_URI=/before/cgi-bin/env.sh/a/b")
                // Empty there, and left out here.
                || line.endsWith("="));
    assertThat(missing).isEmpty();
    assertThat(after)
        .contains(
            "SCRIPT_NAME=/after/cgi-bin/env.sh",
            "PATH_INFO=/a/b",
            "QUERY_STRING=q=1",
            "LANG=C.UTF-8",
            "HTTP_ACCEPT=text/x",
            "PATH_TRANSLATED=" + base.resolve("webapps/after/a/b"),
            "X_TOMCAT_SCRIPT_PATH=" + base.resolve("webapps/after/WEB-INF/cgi/env.sh"))
        .doesNotContain("HTTP_X_OTHER=1");
    assertThat(after.get(0)).isEqualTo(base.resolve("webapps/after/WEB-INF/cgi").toString());
  }

  @Test
  void post_reachesTheProgram() throws Exception {
    HttpResponse<String> response =
        send(
            request("/after/cgi-bin/sub/echo.sh").POST(HttpRequest.BodyPublishers.ofString("a=1")));

    assertThat(response.statusCode()).isEqualTo(201);
    assertThat(response.body()).isEqualTo("a=1");
  }

  @Test
  void refusals_areThoseOfThePage() throws Exception {
    assertThat(send(request("/before/cgi-bin/none.sh")).statusCode()).isEqualTo(404);
    assertThat(send(request("/after/cgi-bin/none.sh")).statusCode()).isEqualTo(404);
    for (String path : List.of("/before/cgi-bin/env.sh", "/after/cgi-bin/env.sh")) {
      HttpRequest.Builder put = request(path).PUT(HttpRequest.BodyPublishers.noBody());
      assertThat(send(put).statusCode()).isEqualTo(405);
    }
    assertThat(send(request("/before/cgi-bin/gone.sh")).body()).doesNotContain("our own page");
    HttpResponse<String> gone = send(request("/after/cgi-bin/gone.sh"));
    assertThat(gone.statusCode()).isEqualTo(410);
    assertThat(gone.body()).isEqualTo("our own page");
  }
}
