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

/** Measures an environ. Its variables exist already, so only the environ's own work counts. */
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

  /** Makes an environ, and reads nothing from it. */
  @Benchmark
  public Environ make() {
    return made();
  }

  /** Makes an environ and reads two variables from it, as a router does. */
  @Benchmark
  public void makeAndRoute(Blackhole hole) {
    Environ environ = made();
    hole.consume(environ.method());
    hole.consume(environ.pathInfo());
  }

  /** Makes an environ and reads every entry, as some middleware does. */
  @Benchmark
  public void makeAndFill(Blackhole hole) {
    for (Map.Entry<String, Object> entry : made().entrySet()) {
      hole.consume(entry.getValue());
    }
  }

  /** Reads a variable that the environ has read before. */
  @Benchmark
  public @Nullable Object variable() {
    return shared.variable("PATH_INFO");
  }

  /** Reads a header by its HTTP name. */
  @Benchmark
  public @Nullable String header() {
    return shared.header("Header-3");
  }
}
