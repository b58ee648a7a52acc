package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Starts the application on a free port, and sends requests to it. */
class MainTest {
  private static ConfigurableApplicationContext context;

  @BeforeAll
  static void start() {
    context = SpringApplication.run(Main.class, "--server.port=0");
  }

  @AfterAll
  static void stop() {
    context.close();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    String port = context.getEnvironment().getRequiredProperty("local.server.port");
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build(),
            HttpResponse.BodyHandlers.ofString());
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
