package dev.postern.inprocess;

import dev.postern.internal.Escapes;
import dev.postern.process.RunningProgram.Read;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A test of the reset: {@code -Ddev.postern.inprocess.compare=N} runs each N-th request of a
 * program that is reset a second time, in new classes, after it was answered. If the answer depends
 * only on the request, both answers must be the same. For tests only, because the program does
 * everything twice. Confined to one request.
 */
final class Comparison {
  /** A request with a longer body or answer is not compared. */
  private static final int LIMIT = 1 << 20;

  private static final int SHOWN = 32;
  private static final Duration TIME = Duration.ofSeconds(10);

  private final InstancePool pool;
  private final Map<String, String> environment;
  private final Path directory;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private final ByteArrayOutputStream answer = new ByteArrayOutputStream();
  private boolean whole;

  Comparison(InstancePool pool, Map<String, String> environment, Path directory) {
    this.pool = pool;
    this.environment = environment;
    this.directory = directory;
  }

  /** A stream of the same body that keeps what the program reads. */
  @Nullable InputStream recorded(@Nullable InputStream from) {
    return from == null
        ? null
        : new FilterInputStream(from) {
          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            int read = super.read(bytes, offset, length);
            if (read > 0 && body.size() <= LIMIT) {
              body.write(bytes, offset, read);
            }
            return read;
          }
        };
  }

  /** Notes the result of a read of the program's output. */
  void read(Read read, OutputPipe pipe) {
    if (read == Read.BLOCK && answer.size() <= LIMIT) {
      answer.write(pipe.bytes(), 0, pipe.length());
    }
    whole |= read == Read.END;
  }

  /** The program has ended by itself with that status. Runs it again and compares. */
  void end(int status) {
    if (!whole || answer.size() > LIMIT || body.size() > LIMIT) {
      return;
    }
    try {
      InputStream again = new ByteArrayInputStream(body.toByteArray());
      RunningInstance second = pool.startNew(environment, directory, again);
      if (second != null) {
        compare(second, status);
      }
    } catch (IOException e) {
      pool.differs("cannot be run again: " + e);
    }
  }

  private void compare(RunningInstance second, int status) throws IOException {
    ByteArrayOutputStream other = new ByteArrayOutputStream();
    try {
      Read read = second.read(TIME);
      for (; read == Read.BLOCK; read = second.read(TIME)) {
        other.write(second.bytes(), 0, second.length());
      }
      if (read != Read.END) {
        pool.differs("answers only where it was reset");
        return;
      }
    } finally {
      second.close();
    }
    int at = Arrays.mismatch(answer.toByteArray(), other.toByteArray());
    if (at >= 0) {
      pool.differs(
          "from byte "
              + at
              + " on: \""
              + shown(answer, at)
              + "\" is \""
              + shown(other, at)
              + "\" in new classes");
    } else if (second.status() != status) {
      pool.differs("ends with " + status + ", in new classes with " + second.status());
    }
  }

  private static String shown(ByteArrayOutputStream bytes, int from) {
    return Escapes.escape(bytes.toByteArray(), from, Math.min(SHOWN, bytes.size() - from));
  }
}
