package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.catalina.Context;
import org.apache.catalina.core.StandardHost;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the built WAR in a Tomcat on a free port. */
class WarIT {
  @TempDir static Path base;

  private static final Tomcat TOMCAT = new Tomcat();

  @BeforeAll
  static void start() throws Exception {
    Files.createDirectory(base.resolve("webapps"));
    TOMCAT.setBaseDir(base.toString());
    TOMCAT.setPort(0);
    TOMCAT.getConnector().setProperty("address", "localhost");
    // Tomcat's own default web.xml needs JSP.
    TOMCAT.setAddDefaultWebXmlToWebapp(false);
    ((StandardHost) TOMCAT.getHost()).setUnpackWARs(true);
    Context context =
        TOMCAT.addWebapp(TOMCAT.getHost(), "/example", System.getProperty("war"), annotations());
    // As in Tomcat itself, a web application has its own libraries.
    context.setParentClassLoader(ClassLoader.getSystemClassLoader());
    TOMCAT.start();
    assertTrue(context.getState().isAvailable(), "the web application must start");
  }

  private static ContextConfig annotations() {
    ContextConfig config = new ContextConfig();
    config.setDefaultWebXml("org/apache/catalina/startup/NO_DEFAULT_XML");
    return config;
  }

  @AfterAll
  static void stop() throws Exception {
    TOMCAT.stop();
    TOMCAT.destroy();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://localhost:" + TOMCAT.getConnector().getLocalPort() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void application_answers() throws Exception {
    HttpResponse<String> response = get("/example/hello");
    assertEquals(200, response.statusCode());
    assertEquals("Hello from /example/hello\n", response.body());
  }

  @Test
  void program_answers() throws Exception {
    HttpResponse<String> response = get("/example/cgi-bin/time.sh");
    assertEquals(200, response.statusCode());
    assertTrue(response.body().matches("\\d{4}-\\d\\d-\\d\\dT[0-9:]{8}Z\n"), response.body());
  }

  @Test
  void programThatIsNotThere_is404() throws Exception {
    assertEquals(404, get("/example/cgi-bin/none.sh").statusCode());
  }
}
