package dev.postern.cgi.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import dev.postern.cgi.install.CgiExecutable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What Apache asks an executable for besides a client's request: error pages, included parts. */
class ApachePagesTest {
  private static Site site;
  private static WebServer server;

  /** Says where it is, in a plain 200. */
  public static final class Page implements Application {
    @Override
    public Body call(Environ environ, StartResponse response) {
      response.start(200, Headers.of("Content-Type", "text/plain"));
      return Body.of(
          environ.scriptName() + " and " + environ.pathInfo() + " make " + environ.url() + "\n");
    }
  }

  @BeforeAll
  static void start() throws IOException {
    site = Site.create();
    Path name = Path.of(Page.class.getName().replace('.', '/') + ".class");
    Path classes = site.root().resolve("classes");
    Files.createDirectories(classes.resolve(name).getParent());
    Files.copy(JavaProgram.source(Page.class).resolve(name), classes.resolve(name));
    CgiExecutable.builder(Page.class.getName())
        .classPath(List.of(classes))
        .library(site.lib())
        .build()
        .install(site.cgiBin().resolve("app"));
    Files.writeString(
        site.www().resolve("page.shtml"), "<p><!--#include virtual=\"/cgi-bin/app/x/y\"--></p>");
    site.configuration(
        "more.conf",
        "LoadModule include_module "
            + Tools.requireModule("mod_include.so")
            + "\n<Directory "
            + site.www()
            + ">\nOptions +Includes\nSetOutputFilter INCLUDES\n</Directory>"
            + "\nErrorDocument 404 /cgi-bin/app/lost\n");
    for (Path file : List.of(site.www().resolve("page.shtml"), site.conf().resolve("more.conf"))) {
      Site.open(file);
    }
    server = WebServerKind.APACHE_CGI.start(site);
  }

  @AfterAll
  static void stop() throws IOException {
    if (server != null) {
      server.close();
    }
    site.close();
  }

  @Test
  void pageOfAnError_keepsItsStatus() throws IOException {
    RawHttp.Answer answer = get("/missing");

    assertThat(answer.text()).startsWith("/cgi-bin/app and /lost make ");
    assertThat(answer.status()).isEqualTo(404);
  }

  @Test
  void request_isA200() throws IOException {
    assertThat(get("/cgi-bin/app/x").status()).isEqualTo(200);
  }

  @Test
  void included_urlHasThePathOnce() throws IOException {
    RawHttp.Answer answer = get("/page.shtml");

    assertThat(answer.text())
        .startsWith("<p>/cgi-bin/app and /x/y make http://")
        .endsWith("/cgi-bin/app/x/y\n</p>");
  }

  private static RawHttp.Answer get(String path) throws IOException {
    return RawHttp.request(server.port(), "GET", path, List.of(), new byte[0]);
  }
}
