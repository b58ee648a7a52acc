package dev.postern.warm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The lines that a server reports, bytes as chars, each of a bounded length. Not thread-safe. */
final class Lines {
  /** The longest line. The report of a script with thousands of modules is far shorter. */
  private static final int LONGEST = 1 << 20;

  private final InputStream in;
  private byte[] bytes = new byte[1024];
  private int from;
  private int to;

  Lines(InputStream in) {
    this.in = in;
  }

  /**
   * The next line without its end; null at the end of all.
   *
   * @throws IOException also when a line is longer than any that a server has to say
   */
  @Nullable String next() throws IOException {
    int looked = from;
    while (true) {
      for (; looked < to; looked++) {
        if (bytes[looked] == '\n') {
          String line = new String(bytes, from, looked - from, StandardCharsets.ISO_8859_1);
          from = looked + 1;
          return line;
        }
      }
      System.arraycopy(bytes, from, bytes, 0, to - from);
      looked -= from;
      to -= from;
      from = 0;
      if (to == LONGEST) {
        throw new IOException("its server must speak the protocol: a line is too long");
      }
      if (to == bytes.length) {
        bytes = Arrays.copyOf(bytes, 2 * to);
      }
      int n = in.read(bytes, to, bytes.length - to);
      if (n < 0) {
        return null;
      }
      to += n;
    }
  }
}
