package dev.postern.web.middleware;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A session as bytes: a version of one byte, the time when it expires in milliseconds (8 bytes),
 * the number of values (2), and each name and value as a length (4) and UTF-8.
 */
final class SessionBytes {
  private static final int VERSION = 1;

  private SessionBytes() {}

  static byte[] write(SessionStore.Stored session) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(session.expires().toEpochMilli());
      out.writeShort(session.values().size());
      for (Map.Entry<String, String> value : session.values().entrySet()) {
        text(out, value.getKey());
        text(out, value.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  /** The session in these bytes; null for bytes that are no session. */
  static SessionStore.@Nullable Stored read(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readByte() != VERSION) {
        return null;
      }
      Instant expires = Instant.ofEpochMilli(in.readLong());
      int count = in.readUnsignedShort();
      Map<String, String> values = new LinkedHashMap<>();
      for (int i = 0; i < count; i++) {
        String name = text(in);
        values.put(name, text(in));
      }
      return in.read() < 0 ? new SessionStore.Stored(values, expires) : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static String text(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > in.available()) {
      throw new IOException("text must be within the session");
    }
    byte[] utf8 = in.readNBytes(length);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("text must be UTF-8", e);
    }
  }
}
