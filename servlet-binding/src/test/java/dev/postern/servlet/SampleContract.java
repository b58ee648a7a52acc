package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.testing.SampleApp;
import dev.postern.testing.SampleCases;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The sample application as a servlet answers as it does in memory. */
abstract class SampleContract extends ContainerContract {
  private static final String MOUNT = "/context/sample";

  /** Cases that the container itself answers otherwise, and why. */
  private final Map<String, String> differences;

  SampleContract(Server server, Container.Starter starter, Map<String, String> differences) {
    super(server, starter);
    this.differences = differences;
  }

  @Test
  void sample_answersAsInMemory() throws Exception {
    int port = start(Deployment.at("/context").application(new SampleApp(), "/sample/*"));
    List<String> failures = new ArrayList<>();
    for (SampleCases.Case request : SampleCases.all()) {
      try {
        request.check(MOUNT, send(port, request));
        if (differences.containsKey(request.name())) {
          failures.add(request.name() + ": is no difference any more");
        }
      } catch (IOException | AssertionError e) {
        if (!differences.containsKey(request.name())) {
          failures.add(request.name() + ": " + e);
        }
      }
    }
    assertThat(failures).isEmpty();
  }

  private static SampleCases.Answer send(int port, SampleCases.Case request) throws IOException {
    List<String> headers = new ArrayList<>();
    for (Map.Entry<String, String> field : request.headers().entrySet()) {
      headers.add(field.getKey() + ": " + field.getValue());
    }
    if (request.hasBody()) {
      headers.add("Content-Length: " + request.body().length);
    }
    try (RawClient client = new RawClient(port)) {
      client.send(
          RawClient.request(
              request.method(), MOUNT + request.target(), headers.toArray(new String[0])));
      sendBody(client, request.body());
      RawResponse response = client.response(request.method());
      assertThat(response.end()).as("end of %s", request.name()).isEqualTo(RawResponse.End.WHOLE);
      return SampleCases.Answer.of(response.status(), response.headers(), response.body());
    }
  }

  /** A server that does not want all of a body may close its side while the rest is sent. */
  private static void sendBody(RawClient client, byte[] body) {
    try {
      client.send(body);
    } catch (IOException e) {
      // What it has answered is there to be read all the same.
    }
  }
}
