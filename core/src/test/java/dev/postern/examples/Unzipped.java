package dev.postern.examples;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;

/** Reads gzip as a client does: as far as the bytes go. */
final class Unzipped {
  private Unzipped() {}

  /** The text of a whole gzip. */
  static String whole(byte[] bytes) throws IOException {
    return new String(
        new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes(),
        StandardCharsets.UTF_8);
  }

  /** The text that can be read so far. */
  static String soFar(byte[] bytes) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes));
      for (int b = in.read(); b >= 0; b = in.read()) {
        text.write(b);
      }
    } catch (EOFException e) {
      // More is to come.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString(StandardCharsets.UTF_8);
  }
}
