package dev.postern.fastcgi.front;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.fastcgi.FastCgiGateway;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A gateway as a process: arguments are its name, which is one character, and its address. */
public final class GatewayMain {
  static final int BLOCKS = 20;
  static final int LONG_BLOCKS = 120;

  /** As much as nginx has before it sends some on. */
  static final int BLOCK = 8192;

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(15);

  private GatewayMain() {}

  public static void main(String[] args) throws IOException {
    Headers headers = Headers.of("Content-Type", "text/plain", "Gateway", args[0]);
    Application application =
        Application.of(
            environ ->
                switch (environ.pathInfo()) {
                  case "/streamed" -> Response.of(200, headers, stream(args[0], BLOCKS));
                  case "/long" -> Response.of(200, headers, stream(args[0], LONG_BLOCKS));
                  case "/memory" -> Response.of(200, headers, Body.of(resident()));
                  default -> Response.of(200, headers, Body.of("hello\n"));
                });
    FastCgiGateway.builder(application).listen(args[1]).open().serve();
  }

  /** Kilobytes of this process after a collection. */
  private static String resident() throws IOException {
    System.gc();
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> line.replaceAll("[^0-9]", ""))
          .findFirst()
          .orElseThrow();
    }
  }

  private static Body stream(String name, int blocks) {
    byte[] block = name.repeat(BLOCK).getBytes(StandardCharsets.US_ASCII);
    return Body.writing(
        out -> {
          for (int i = 0; i < blocks; i++) {
            out.write(block);
            out.flush();
            LockSupport.parkNanos(PAUSE_NANOS);
          }
        });
  }
}
