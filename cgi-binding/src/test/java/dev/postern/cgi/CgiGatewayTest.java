package dev.postern.cgi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.gateway.UnnamedFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A gateway in a process that goes on after the request. */
class CgiGatewayTest {
  @Test
  void run_leavesNothingOfABodyThatWasNotRead() throws IOException {
    byte[] body = new byte[100_000];
    Outcome outcome =
        CgiGateway.builder(
                (environ, startResponse) -> {
                  startResponse.start(200, Headers.of("Content-Type", "text/plain"));
                  return Body.of("long enough to have the body read ahead".repeat(1000));
                })
            .environment(
                Map.of(
                    "REQUEST_METHOD", "POST",
                    "PATH_INFO", "/",
                    "CONTENT_LENGTH", Integer.toString(body.length)))
            .input(new ByteArrayInputStream(body))
            .output(OutputStream.nullOutputStream())
            .build()
            .run();

    assertThat(outcome.complete()).isTrue();
    String name = UnnamedFile.PREFIX + ProcessHandle.current().pid() + "-0";
    assertThat(openFiles()).noneMatch(file -> file.contains(name));
  }

  private static List<String> openFiles() throws IOException {
    List<String> open = new ArrayList<>();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        // The stream's own descriptor may be gone already.
        if (Files.isSymbolicLink(descriptor)) {
          open.add(Files.readSymbolicLink(descriptor).toString());
        }
      }
    }
    return open;
  }
}
