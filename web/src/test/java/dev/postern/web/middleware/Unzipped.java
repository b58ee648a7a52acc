package dev.postern.web.middleware;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Reads gzip as a client does: as far as the bytes go. */
final class Unzipped {
  private Unzipped() {}

  static byte[] soFar(byte[] bytes) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes));
      for (int b = in.read(); b >= 0; b = in.read()) {
        text.write(b);
      }
    } catch (EOFException e) {
      // More is to come.
    }
    return text.toByteArray();
  }

  /** The bytes of a whole gzip; fails where its end is missing. */
  static byte[] whole(byte[] bytes) throws IOException {
    return new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes();
  }

  static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }
}
