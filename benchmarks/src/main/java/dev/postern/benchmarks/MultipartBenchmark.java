package dev.postern.benchmarks;

import dev.postern.Environ;
import dev.postern.web.Limits;
import dev.postern.web.Request;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.io.Content;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Compares two parsers of multipart forms: Commons FileUpload, which {@link Request} uses behind
 * its limits, and Jetty's. The form has ten fields and a file, and nothing of it is kept. With
 * {@code -bm ss -f 20 -wi 0 -i 1} JMH measures what the first form of a JVM costs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class MultipartBenchmark {
  private static final String BOUNDARY = "----WebKitFormBoundary0123456789abcdef";
  private static final int BLOCK = 8 * 1024;
  private static final int FIELDS = 10;
  private static final Limits LIMITS =
      Limits.of().withFileBytes(100_000_000).withMultipartBytes(100_000_000);

  /** The size of the file. */
  @Param({"10", "1000"})
  public int kilobytes = 10;

  /** The content of the file: letters, or lines that begin like a boundary. */
  @Param({"letters", "almost"})
  public String content = "letters";

  private byte[] body = {};

  /** Makes the form as a browser sends it. */
  @Setup
  public void form() throws IOException {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    String part = "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"";
    for (int i = 0; i < FIELDS; i++) {
      form.writeBytes(ascii(part + "field" + i + "\"\r\n\r\na value of some words\r\n"));
    }
    form.writeBytes(ascii(part + "file\"; filename=\"a.bin\"\r\n"));
    form.writeBytes(ascii("Content-Type: application/octet-stream\r\n\r\n"));
    byte[] line =
        ascii(
            content.equals("letters")
                ? "a line of letters\n"
                : "\r\n--" + BOUNDARY.substring(0, BOUNDARY.length() - 1) + "X");
    for (int left = kilobytes * 1024; left > 0; left -= line.length) {
      form.write(line, 0, Math.min(left, line.length));
    }
    form.writeBytes(ascii("\r\n--" + BOUNDARY + "--\r\n"));
    body = form.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Measures Commons FileUpload, which reads from a stream. */
  @Benchmark
  public long fileUpload() throws Exception {
    Environ environ =
        Environ.builder(
                Map.of(
                    "REQUEST_METHOD",
                    "POST",
                    "CONTENT_TYPE",
                    "multipart/form-data; boundary=" + BOUNDARY,
                    "CONTENT_LENGTH",
                    Integer.toString(body.length)))
            .input(new ByteArrayInputStream(body))
            .build();
    Count count = new Count();
    byte[] block = new byte[BLOCK];
    Request.of(environ, LIMITS)
        .multipart(
            part -> {
              count.parts++;
              InputStream in = part.open();
              for (int n = in.read(block); n >= 0; n = in.read(block)) {
                count.bytes += n;
              }
            });
    return count.checked();
  }

  /** Measures Jetty's parser, which takes blocks. */
  @Benchmark
  public long jetty() throws IOException {
    Count count = new Count();
    MultiPart.Parser parser = new MultiPart.Parser(BOUNDARY, count);
    parser.setMaxParts(1000);
    parser.setPartHeadersMaxLength(16 * 1024);
    InputStream in = new ByteArrayInputStream(body);
    byte[] block = new byte[BLOCK];
    for (int n = in.read(block); n >= 0; n = in.read(block)) {
      boolean last = in.available() == 0;
      parser.parse(Content.Chunk.from(ByteBuffer.wrap(block, 0, n), last));
    }
    return count.checked();
  }

  /**
   * Counts parts and bytes. A parser that stops early would look fast, so {@link #checked} throws
   * if anything is missing.
   */
  private final class Count implements MultiPart.Parser.Listener {
    private int parts;
    private long bytes;

    @Override
    public void onPartContent(Content.Chunk chunk) {
      bytes += chunk.remaining();
    }

    @Override
    public void onPartEnd() {
      parts++;
    }

    @Override
    public void onFailure(Throwable failure) {
      throw new IllegalStateException("form must be parsed", failure);
    }

    long checked() {
      if (parts != FIELDS + 1 || bytes != FIELDS * 21L + kilobytes * 1024L) {
        throw new IllegalStateException("form must be parsed whole: " + parts + ", " + bytes);
      }
      return bytes;
    }
  }
}
