package dev.postern.cgi.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import jakarta.annotation.Resource;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.apache.catalina.startup.Bootstrap;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * WARs in a Tomcat that is a server of its own, with its server.xml and its webapps: Debian's, and
 * the newest one, started by the same class from the jar that it is published as.
 */
@EnabledOnOs(OS.LINUX)
class TomcatDistributionTest {
  private static final Pattern STARTED =
      Pattern.compile("Starting ProtocolHandler .*-auto-\\d+-(\\d+)");

  private static final String SERVER_XML =
      """
      <Server port="-1">
        <Service name="Catalina">
          <Connector port="0" address="127.0.0.1" protocol="HTTP/1.1"/>
          <Engine name="Catalina" defaultHost="localhost">
            <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="false"/>
          </Engine>
        </Service>
      </Server>
      """;

  /** Where Tomcat comes from. */
  enum Distribution {
    DEBIAN,
    NEWEST
  }

  @TempDir Path base;

  @ParameterizedTest
  @EnumSource(Distribution.class)
  void wars_areServed(Distribution distribution) throws Exception {
    String jars = jars(distribution);
    Files.createDirectories(base.resolve("webapps"));
    Files.createDirectories(base.resolve("conf"));
    Files.createDirectories(base.resolve("temp"));
    Files.writeString(base.resolve("conf/server.xml"), SERVER_XML);
    moved(base.resolve("moved"), base.resolve("webapps/moved.war"));
    readme(base.resolve("readme"), base.resolve("webapps/readme.war"));
    Path log = base.resolve("log");
    Process tomcat =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dcatalina.base=" + base,
                "-Dcatalina.home=" + (distribution == Distribution.DEBIAN ? home() : base),
                "-Djava.io.tmpdir=" + base.resolve("temp"),
                "-cp",
                jars,
                Bootstrap.class.getName(),
                "start")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      int port = awaitPort(tomcat, log);
      HttpResponse<String> moved = get(port, "/moved/cgi-bin/env.sh/a?q=1");
      assertThat(moved.statusCode()).as(Files.readString(log)).isEqualTo(200);
      assertThat(moved.body().lines())
          .contains(
              "SCRIPT_NAME=/moved/cgi-bin/env.sh",
              "PATH_INFO=/a",
              "QUERY_STRING=q=1",
              "LANG=C.UTF-8");
      assertThat(get(port, "/moved/cgi-bin/none.sh").statusCode()).isEqualTo(404);
      HttpResponse<String> readme = get(port, "/readme/cgi-bin/hello");
      assertThat(readme.statusCode()).as(Files.readString(log)).isEqualTo(200);
      assertThat(readme.body()).isEqualTo("hello /readme/cgi-bin/hello");
    } finally {
      tomcat.destroy();
      if (!tomcat.waitFor(20, TimeUnit.SECONDS)) {
        tomcat.destroyForcibly().waitFor();
      }
    }
  }

  private static Path home() {
    return Path.of("/usr/share/tomcat10");
  }

  /** What the start script has on its class path. */
  private static String jars(Distribution distribution) throws Exception {
    if (distribution == Distribution.NEWEST) {
      return codeOf(Bootstrap.class) + ":" + codeOf(Resource.class);
    }
    Path jar = home().resolve("bin/bootstrap.jar");
    if (!Files.isReadable(jar)) {
      String message = "Debian's tomcat10 is not installed";
      return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
    }
    return jar + ":" + home().resolve("bin/tomcat-juli.jar");
  }

  private static Path codeOf(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  /** The example of docs/from-cgiservlet.md, moved by its web.xml alone. */
  private static void moved(Path application, Path war) throws Exception {
    Files.createDirectories(application.resolve("WEB-INF/cgi"));
    Files.writeString(
        application.resolve("WEB-INF/web.xml"), TomcatWarTest.webXml(CgiServlet.class.getName()));
    Files.writeString(
        application.resolve("WEB-INF/cgi/env.sh"),
        "printf 'Content-Type: text/plain\\n\\n'; env\n");
    WarFiles.copyLibraries(application);
    WarFiles.pack(application, war);
  }

  /** The class of the README, with a directory of this test. */
  private void readme(Path application, Path war) throws Exception {
    Path programs = Files.createDirectory(base.resolve("programs"));
    Path hello = programs.resolve("hello");
    Files.writeString(
        hello, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello %s' \"$SCRIPT_NAME\"\n");
    Files.setPosixFilePermissions(hello, PosixFilePermissions.fromString("rwxr-xr-x"));
    String readme = Files.readString(Path.of("../README.md"));
    int start = readme.lastIndexOf("```java\n", readme.indexOf("class CgiBin")) + 8;
    String source = readme.substring(start, readme.indexOf("```", start));
    assertThat(source).contains("@WebServlet(\"/cgi-bin/*\")", "/srv/cgi-bin");
    Path file = base.resolve("CgiBin.java");
    Files.writeString(file, source.replace("/srv/cgi-bin", programs.toString()));
    Path classes = Files.createDirectories(application.resolve("WEB-INF/classes"));
    int failed =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-proc:none", "-d", classes.toString(), file.toString());
    assertThat(failed).isZero();
    WarFiles.copyLibraries(application);
    WarFiles.pack(application, war);
  }

  private static int awaitPort(Process tomcat, Path log) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(100);
    while (true) {
      String text = Files.readString(log, StandardCharsets.ISO_8859_1);
      Matcher started = STARTED.matcher(text);
      if (started.find()) {
        return Integer.parseInt(started.group(1));
      }
      if (!tomcat.isAlive() || System.nanoTime() - end > 0) {
        return fail("Tomcat must start: " + text);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static HttpResponse<String> get(int port, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + port + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
