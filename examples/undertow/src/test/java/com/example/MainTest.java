package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Starts the server on a free port, and sends requests to it. */
class MainTest {
  private static Main server;

  @BeforeAll
  static void start() throws Exception {
    server = Main.start(0, Path.of("cgi-bin"));
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    URI uri = URI.create("http://localhost:" + server.port() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void application_answers() throws Exception {
    HttpResponse<String> response = get("/hello");
    assertEquals(200, response.statusCode());
    assertEquals("Hello from /hello\n", response.body());
  }

  @Test
  void program_answers() throws Exception {
    HttpResponse<String> response = get("/cgi-bin/time.sh");
    assertEquals(200, response.statusCode());
    assertTrue(response.body().matches("\\d{4}-\\d\\d-\\d\\dT[0-9:]{8}Z\n"), response.body());
  }

  @Test
  void programThatIsNotThere_is404() throws Exception {
    assertEquals(404, get("/cgi-bin/none.sh").statusCode());
  }
}
