package dev.postern.benchmarks.servlet;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.servlet.ServletGateway;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The servlets of one container. The hand-written one and the gateway send the same bytes. */
final class Site {
  static final byte[] HELLO = "Hello, world\n".getBytes(StandardCharsets.US_ASCII);
  static final long FILE_BYTES = 100L << 20;

  private Site() {}

  /** The servlet that somebody writes who needs nothing else. */
  static final class ByHand extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setHeader("Content-Type", "text/plain");
      response.setContentLength(HELLO.length);
      response.getOutputStream().write(HELLO);
    }
  }

  static ServletGateway hello() {
    Headers headers = Headers.of("Content-Type", "text/plain");
    Body body = Body.of(HELLO);
    Application hello =
        (environ, startResponse) -> {
          startResponse.start(200, headers);
          return body;
        };
    return new ServletGateway(hello);
  }

  static ServletGateway file(Path file) throws IOException {
    Headers headers = Headers.of("Content-Type", "application/octet-stream");
    return new ServletGateway(
        (environ, startResponse) -> {
          startResponse.start(200, headers);
          return Body.of(file);
        });
  }

  /** Writes a file of {@link #FILE_BYTES} bytes into the directory. */
  static Path write(Path directory) throws IOException {
    Path file = directory.resolve("large.bin");
    byte[] block = new byte[1 << 20];
    for (int i = 0; i < block.length; i++) {
      block[i] = (byte) (i * 31 >> 3);
    }
    try (var out = Files.newOutputStream(file)) {
      for (long written = 0; written < FILE_BYTES; written += block.length) {
        out.write(block);
      }
    }
    return file;
  }
}
