package dev.postern.benchmarks;

import dev.postern.Environ;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** An environ over variables that are there already, so that what is seen is its own work. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EnvironBenchmark {
  private final Map<String, String> variables = Requests.variables();
  private final Environ shared = made();

  private final class Given implements Environ.Source {
    @Override
    public @Nullable String variable(String name) {
      return variables.get(name);
    }

    @Override
    public Set<String> names() {
      return variables.keySet();
    }
  }

  private Environ made() {
    return Environ.builder(new Given()).build();
  }

  /** Nothing is asked of it. */
  @Benchmark
  public Environ make() {
    return made();
  }

  /** What a router asks: two variables of a lazy environ. */
  @Benchmark
  public void makeAndRoute(Blackhole hole) {
    Environ environ = made();
    hole.consume(environ.method());
    hole.consume(environ.pathInfo());
  }

  /** What a middleware pays that looks at every entry. */
  @Benchmark
  public void makeAndFill(Blackhole hole) {
    for (Map.Entry<String, Object> entry : made().entrySet()) {
      hole.consume(entry.getValue());
    }
  }

  /** A variable by its name, of an environ that knows it. */
  @Benchmark
  public @Nullable Object variable() {
    return shared.variable("PATH_INFO");
  }

  /** A header by its name as in HTTP. */
  @Benchmark
  public @Nullable String header() {
    return shared.header("Header-3");
  }
}
