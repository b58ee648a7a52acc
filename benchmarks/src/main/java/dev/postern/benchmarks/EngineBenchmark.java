package dev.postern.benchmarks;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.Lint;
import dev.postern.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** Measures a whole request through the engine, without a server around it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EngineBenchmark {
  private static final Headers HEADERS = Headers.of("Content-Type", "text/plain");
  private static final byte[] HELLO = "Hello\n".getBytes(StandardCharsets.US_ASCII);

  private final Map<String, String> variables = Requests.variables();

  private final Application returned =
      (environ, response) -> {
        response.start(200, HEADERS);
        return Body.of(HELLO);
      };

  private final Application written =
      (environ, response) -> {
        response.start(200, HEADERS);
        return Body.writing(out -> out.write(HELLO));
      };

  private final Application linted = Lint.of().wrap(returned);

  /** Measures a small body that the application has in memory. */
  @Benchmark
  public Outcome returnedBody(Blackhole hole) {
    return run(returned, hole);
  }

  /** Measures a small body that the application writes. */
  @Benchmark
  public Outcome writtenBody(Blackhole hole) {
    return run(written, hole);
  }

  /** Measures the body from memory with Lint around the application. */
  @Benchmark
  public Outcome lintedBody(Blackhole hole) {
    return run(linted, hole);
  }

  private Outcome run(Application application, Blackhole hole) {
    Environ environ = Environ.builder(variables).build();
    return Exchange.of(environ, new Requests.Nowhere(hole)).run(application);
  }
}
