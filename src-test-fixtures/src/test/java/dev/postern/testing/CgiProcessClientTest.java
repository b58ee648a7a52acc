package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgiProcessClientTest {
  @TempDir Path directory;

  @Test
  void responseWithoutTheBytesOfItsLength_isCut() throws IOException {
    CgiProcessClient client =
        CgiProcessClient.of(
            List.of(
                "/bin/sh",
                "-c",
                "echo Status: ${QUERY_STRING:-200} X; echo Content-Length: 5; echo"),
            directory);
    assertThat(client.send(TestRequest.get("/")).isComplete()).isFalse();
    assertThat(client.send(TestRequest.of("HEAD", "/")).isComplete()).isTrue();
    assertThat(client.send(TestRequest.get("/?304")).isComplete()).isTrue();
  }
}
