package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Headers;
import dev.postern.Outcome;
import dev.postern.Response;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BodyAheadTest {
  @ParameterizedTest
  @CsvSource({"1000, 0", "1000, 10", "1000, 1000", "65536, 1", "65538, 1", "3000000, 70000"})
  void readAhead_givesTheSameBytes(int length, int before) throws IOException {
    byte[] bytes = bytes(length + 5);
    BodyAhead body = new BodyAhead(new ByteArrayInputStream(bytes), length);
    byte[] read = new byte[length];

    assertThat(body.readNBytes(read, 0, before)).isEqualTo(before);
    body.start();
    assertThat(body.readNBytes(read, before, length - before)).isEqualTo(length - before);

    assertThat(read).isEqualTo(Arrays.copyOf(bytes, length));
    assertThat(body.read()).isEqualTo(-1);
    body.close();
  }

  @Test
  void readAhead_takesTheBodyOutOfTheWay() throws Exception {
    int length = 1_000_000;
    byte[] bytes = bytes(length);
    PipedInputStream pipe = new PipedInputStream(1024);
    BodyAhead body = new BodyAhead(pipe, length);
    // A pipe that somebody had to read, or this would wait for ever.
    try (PipedOutputStream out = new PipedOutputStream(pipe)) {
      body.start();
      out.write(bytes);
    }

    assertThat(body.readAllBytes()).isEqualTo(bytes);
    body.close();
  }

  @Test
  void shortBody_endsEarly() throws IOException {
    BodyAhead body = new BodyAhead(new ByteArrayInputStream(new byte[3]), 5);
    body.start();

    assertThat(body.readAllBytes()).hasSize(3);
  }

  @Test
  void failure_reachesTheReaderAfterTheBytesBeforeIt() throws IOException {
    InputStream failing =
        new InputStream() {
          private int count;

          @Override
          public int read() throws IOException {
            if (count++ < 3) {
              return 'x';
            }
            throw new IOException("gone");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            bytes[offset] = (byte) read();
            return 1;
          }
        };
    BodyAhead body = new BodyAhead(failing, 5);
    body.start();

    assertThat(body.readNBytes(3)).hasSize(3);
    assertThatExceptionOfType(IOException.class).isThrownBy(body::read).withMessage("gone");
  }

  @Test
  void error_reachesTheReader() throws IOException {
    InputStream failing =
        new InputStream() {
          @Override
          public int read() {
            throw new StackOverflowError();
          }
        };
    BodyAhead body = new BodyAhead(failing, 5);
    body.start();

    assertOurs(500, body);
  }

  private static void assertOurs(int status, InputStream body) {
    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(body::readAllBytes)
        .satisfies(e -> assertThat(e.status()).isEqualTo(status));
  }

  @Test
  void noMemory_isOursAndA503() {
    InputStream failing =
        new InputStream() {
          @Override
          public int read() {
            throw new OutOfMemoryError("test");
          }
        };
    BodyAhead body = new BodyAhead(failing, 5);
    body.start();

    assertOurs(503, body);
  }

  @Test
  void diskFull_isOursAndA503() throws IOException {
    Path full = Path.of("/dev/full");
    assumeTrue(Files.isWritable(full), "no /dev/full");
    BodyAhead body =
        new BodyAhead(
            new ByteArrayInputStream(new byte[100_000]),
            100_000,
            () -> FileChannel.open(full, StandardOpenOption.READ, StandardOpenOption.WRITE));
    body.start();

    assertOurs(503, body);
    body.close();
  }

  @Test
  void noRoomToBegin_throughAnExchange_isA503AndNotAClientThatIsGone() {
    for (Throwable cause : List.of(new IOException("full"), new OutOfMemoryError("test"))) {
      BodyAhead body =
          new BodyAhead(
              new ByteArrayInputStream(new byte[100_000]), 100_000, () -> throwing(cause));
      StringWriter log = new StringWriter();
      Environ environ =
          ProcessVariables.environ(
              Map.of("REQUEST_METHOD", "POST", "CONTENT_LENGTH", "100000"),
              body,
              null,
              new PrintWriter(log),
              true);
      ByteArrayOutputStream out = new ByteArrayOutputStream();

      Outcome outcome =
          Exchange.of(environ, new CgiSink(out, body, false))
              .run(
                  Application.of(
                      request ->
                          Response.of(
                              200,
                              Headers.of("Content-Type", "text/plain"),
                              Body.of(new byte[10_000]))));

      assertThat(outcome.complete()).isTrue();
      assertThat(out.toString(StandardCharsets.US_ASCII))
          .startsWith("Status: 503 Service Unavailable\r\n")
          .endsWith("503 Service Unavailable\n");
      assertThat(log.toString()).contains("room for the request body").hasLineCount(1);
      assertOurs(503, body);
    }
  }

  private static FileChannel throwing(Throwable cause) throws IOException {
    if (cause instanceof IOException io) {
      throw io;
    }
    throw (Error) cause;
  }

  @Test
  void close_endsWhoReadsAhead() throws Exception {
    CountDownLatch full = new CountDownLatch(1);
    InputStream endless =
        new InputStream() {
          private long sent;

          @Override
          public int read() {
            throw new AssertionError("blocks must be read");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) {
            sent += length;
            if (sent > BodyAhead.MOST) {
              full.countDown();
            }
            return length;
          }
        };
    BodyAhead body = new BodyAhead(endless, Long.MAX_VALUE);
    body.start();
    assertThat(full.await(60, TimeUnit.SECONDS)).isTrue();
    body.close();

    long start = System.nanoTime();
    while (Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().equals("postern-body-ahead"))) {
      assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(60));
      Thread.sleep(1);
    }
  }

  @Test
  void start_leavesAReaderAlone() throws Exception {
    PipedInputStream pipe = new PipedInputStream();
    try (PipedOutputStream out = new PipedOutputStream(pipe)) {
      BodyAhead body = new BodyAhead(pipe, 3);
      byte[] read = new byte[3];
      Thread reader =
          new Thread(
              () -> {
                try {
                  body.readNBytes(read, 0, 3);
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              });
      reader.start();
      while (reader.getState() != Thread.State.TIMED_WAITING) {
        LockSupport.parkNanos(1_000_000);
      }
      body.start();
      out.write(new byte[] {1, 2, 3});
      out.flush();
      reader.join();

      assertThat(read).containsExactly(1, 2, 3);
    }
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(1).nextBytes(bytes);
    return bytes;
  }
}
