package dev.postern.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.Arrays;
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

    assertThatExceptionOfType(IOException.class)
        .isThrownBy(body::read)
        .withMessageContaining("readable");
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
