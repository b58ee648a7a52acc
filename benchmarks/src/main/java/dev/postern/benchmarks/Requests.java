package dev.postern.benchmarks;

import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.util.HashMap;
import java.util.Map;
import org.openjdk.jmh.infra.Blackhole;

/** The input and output of the benchmarks that measure a single part. */
final class Requests {
  private Requests() {}

  /** Returns the variables of a browser's request: 8 from the server and 12 headers. */
  static Map<String, String> variables() {
    Map<String, String> variables =
        new HashMap<>(
            Map.of(
                "REQUEST_METHOD", "GET",
                "SCRIPT_NAME", "/app",
                "PATH_INFO", "/hello",
                "QUERY_STRING", "name=x",
                "SERVER_NAME", "localhost",
                "SERVER_PORT", "8080",
                "SERVER_PROTOCOL", "HTTP/1.1",
                "REMOTE_ADDR", "127.0.0.1"));
    for (int i = 0; i < 12; i++) {
      variables.put("HTTP_HEADER_" + i, "a value of some forty characters, as usual");
    }
    return variables;
  }

  /** Takes a response and sends it nowhere. */
  static final class Nowhere implements ResponseSink {
    private final Blackhole hole;

    Nowhere(Blackhole hole) {
      this.hole = hole;
    }

    @Override
    public void head(int status, Headers headers) {
      hole.consume(headers);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      hole.consume(bytes);
    }

    @Override
    public void flush() {
      // This sink has no buffer.
    }

    @Override
    public void finish() {
      hole.consume(true);
    }

    @Override
    public void abort(Throwable cause) {
      throw new IllegalStateException("response must be whole", cause);
    }
  }
}
