package dev.postern.servlet;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What all contracts need: containers of one kind, down again after each test. */
abstract class ContainerContract {
  final Server server;
  private final Container.Starter starter;
  private final List<Container> started = new ArrayList<>();
  Logs logs;

  ContainerContract(Server server, Container.Starter starter) {
    this.server = server;
    this.starter = starter;
  }

  @BeforeEach
  void openLogs() {
    logs = new Logs();
  }

  @AfterEach
  void closeAll() throws Exception {
    try {
      stop();
    } finally {
      logs.close();
    }
  }

  /** Stops what was started. */
  final void stop() throws Exception {
    for (Container container : started) {
      container.close();
    }
    started.clear();
  }

  /** Starts a container; its port. */
  final int start(Deployment deployment) throws Exception {
    Container container = starter.start(deployment);
    started.add(container);
    return container.port();
  }

  /** Starts a container with the application in the root context, at all paths. */
  final int start(Application application) throws Exception {
    return start(Deployment.at("").application(application, "/*"));
  }

  /** Answers with the CGI variables it is given, each as {@code NAME=value} NUL and LF. */
  static final Application DUMP =
      (environ, startResponse) -> {
        startResponse.start(200, Headers.of("Content-Type", "application/octet-stream"));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Map.Entry<String, Object> entry : environ.entrySet()) {
          if (entry.getKey().indexOf('.') < 0) {
            String line = entry.getKey() + "=" + entry.getValue() + "\0\n";
            text.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
          }
        }
        return Body.of(text.toByteArray());
      };

  /** The variables that {@link #DUMP} has answered with. */
  static Map<String, String> variables(RawResponse response) {
    if (response.status() != 200 || response.end() != RawResponse.End.WHOLE) {
      throw new AssertionError("variables must have come: " + response);
    }
    Map<String, String> variables = new TreeMap<>();
    for (String line : response.text().split("\0\n")) {
      int equals = line.indexOf('=');
      variables.put(line.substring(0, equals), line.substring(equals + 1));
    }
    return variables;
  }

  /** The variables of a GET. */
  static Map<String, String> variables(int port, String target, String... headers)
      throws IOException {
    return variables(RawClient.get(port, target, headers));
  }
}
