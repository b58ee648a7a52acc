package dev.postern.process;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Text and the bytes that a program sees of it. Bytes are held one to a char, as everywhere in a
 * gateway interface.
 */
public final class ProgramText {
  private static final Charset CHARSET = systemCharset();

  private ProgramText() {}

  /**
   * What the JDK encodes environments, arguments and file names with: the default charset before
   * JDK 18, the locale's charset since.
   */
  public static Charset charset() {
    return CHARSET;
  }

  /** The bytes of a text, or null when the charset cannot encode it. */
  public static @Nullable String toBytes(String text) {
    if (isAscii(text)) {
      return text;
    }
    byte[] bytes = text.getBytes(CHARSET);
    return new String(bytes, CHARSET).equals(text) ? latin1(bytes) : null;
  }

  /**
   * The bytes of a file name, also where the charset cannot decode them: a path keeps its bytes,
   * and its URI shows them.
   */
  public static String toBytes(Path path) {
    String bytes = toBytes(path.toString());
    if (bytes != null) {
      return bytes;
    }
    String shown = path.toUri().getRawPath();
    StringBuilder decoded = new StringBuilder(shown.length());
    for (int i = 0; i < shown.length(); i++) {
      char c = shown.charAt(i);
      if (c == '%') {
        c = (char) Integer.parseInt(shown, i + 1, i + 3, 16);
        i += 2;
      }
      decoded.append(c);
    }
    return decoded.toString();
  }

  /**
   * Whether the path in force hands a program exactly these bytes. {@link ProcessBuilder} writes
   * {@code ?} for what the charset does not have.
   */
  public static boolean canCarry(String bytes) {
    return isAscii(bytes) || StartPath.inForce() == StartPath.NATIVE || toText(bytes) != null;
  }

  /** Text that the JDK encodes to these bytes, or null when there is none. */
  static @Nullable String toText(String bytes) {
    if (isAscii(bytes)) {
      return bytes;
    }
    byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(raw, CHARSET);
    return Arrays.equals(text.getBytes(CHARSET), raw) ? text : null;
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }

  private static String latin1(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static Charset systemCharset() {
    if (Runtime.version().feature() < 18) {
      return Charset.defaultCharset();
    }
    String name = System.getProperty("sun.jnu.encoding");
    return name != null && Charset.isSupported(name)
        ? Charset.forName(name)
        : Charset.defaultCharset();
  }
}
