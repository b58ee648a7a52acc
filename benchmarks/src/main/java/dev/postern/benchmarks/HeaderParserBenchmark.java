package dev.postern.benchmarks;

import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.wire.HeaderBlockParser;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Measures the parser of a program's response headers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeaderParserBenchmark {
  /** Most programs send one field; a framework sends twelve. */
  @Param({"1", "12"})
  public int fields = 1;

  private byte[] block(int count) {
    StringBuilder text = new StringBuilder("Content-Type: text/html; charset=utf-8\r\n");
    for (int i = 1; i < count; i++) {
      text.append("X-Header-").append(i).append(": a value of some forty characters, as usual\r\n");
    }
    return text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
  }

  private final byte[] one = block(1);
  private final byte[] twelve = block(12);

  /** Parses the headers in one block, as programs send them. */
  @Benchmark
  public Headers whole() throws GatewayException {
    byte[] block = fields == 1 ? one : twelve;
    HeaderBlockParser parser = new HeaderBlockParser();
    parser.feed(block, 0, block.length);
    return parser.headers();
  }

  /** Parses the headers byte by byte, as no program should send them. */
  @Benchmark
  public Headers byteByByte() throws GatewayException {
    byte[] block = fields == 1 ? one : twelve;
    HeaderBlockParser parser = new HeaderBlockParser();
    for (int i = 0; i < block.length; i++) {
      parser.feed(block, i, 1);
    }
    return parser.headers();
  }
}
