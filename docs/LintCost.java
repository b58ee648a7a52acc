import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Lint;
import dev.postern.ResponseSink;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.Map;

/** Measures one request in memory without and with Lint; see docs/lint-cost.md. */
public final class LintCost {
  private static final int REQUESTS = 200_000;
  private static final int ROUNDS = 9;

  public static void main(String[] args) {
    Application plain =
        (environ, start) -> {
          start.start(200, Headers.of("Content-Type", "text/plain", "Cache-Control", "no-store"));
          return Body.of("Hello\n");
        };
    Application linted = Lint.of().wrap(plain);
    double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
    long[] bytes = new long[2];
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < 2; i++) {
        long before = allocated();
        long start = System.nanoTime();
        run(i == 0 ? plain : linted);
        best[i] = Math.min(best[i], (System.nanoTime() - start) / (double) REQUESTS);
        bytes[i] = (allocated() - before) / REQUESTS;
      }
    }
    System.out.printf("without Lint %6.2f us %6d bytes a request%n", best[0] / 1000, bytes[0]);
    System.out.printf("with Lint    %6.2f us %6d bytes a request%n", best[1] / 1000, bytes[1]);
  }

  private static void run(Application application) {
    Map<String, String> variables = variables();
    for (int i = 0; i < REQUESTS; i++) {
      Exchange.of(Environ.builder(variables).build(), new Nowhere()).run(application);
    }
  }

  /** What a browser's request becomes: 8 variables of the server and 12 headers. */
  private static Map<String, String> variables() {
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

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getThreadAllocatedBytes(Thread.currentThread().getId());
  }

  private static final class Nowhere implements ResponseSink {
    @Override
    public void head(int status, Headers headers) {}

    @Override
    public void write(byte[] bytes, int offset, int length) {}

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {}
  }
}
