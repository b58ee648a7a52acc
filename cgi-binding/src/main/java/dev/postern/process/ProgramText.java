package dev.postern.process;

import dev.postern.internal.PathBytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Converts between text and the bytes that a program sees of it. Bytes are held one to a char, as
 * everywhere in a gateway interface.
 */
public final class ProgramText {
  private static final Charset LOCALE = ofLocale();
  private static final Charset CHARSET =
      Runtime.version().feature() < 18 ? Charset.defaultCharset() : LOCALE;

  /** Added to a byte that no text has, to make a char of it, as Python and others do. */
  private static final char BYTE = '\uDC00';

  private ProgramText() {}

  /**
   * The charset with which the JDK encodes environments, arguments and the working directory of a
   * program: the default charset before JDK 18, the locale's charset since.
   */
  public static Charset charset() {
    return CHARSET;
  }

  /** The charset with which the JDK decodes file names and its own arguments: the locale's. */
  public static Charset localeCharset() {
    return LOCALE;
  }

  /**
   * The bytes of a text that the JDK has decoded by the locale, such as a file name or an argument,
   * or of a word of {@link #toWord}. Null when the locale's charset cannot encode it.
   */
  public static @Nullable String toBytes(String text) {
    if (isAscii(text)) {
      return text;
    }
    StringBuilder bytes = new StringBuilder(text.length() + 16);
    int start = 0;
    for (int i = 0; i <= text.length(); i++) {
      boolean end = i == text.length();
      if (!end && !isByte(text, i)) {
        continue;
      }
      String run = text.substring(start, i);
      byte[] encoded = run.getBytes(LOCALE);
      if (!new String(encoded, LOCALE).equals(run)) {
        return null;
      }
      bytes.append(latin1(encoded));
      if (!end) {
        bytes.append((char) (text.charAt(i) - BYTE));
      }
      start = i + 1;
    }
    return bytes.toString();
  }

  /** Whether that char stands for a byte, and is not half of a surrogate pair. */
  private static boolean isByte(String text, int at) {
    char c = text.charAt(at);
    return c >= BYTE + 0x80
        && c <= BYTE + 0xFF
        && (at == 0 || !Character.isHighSurrogate(text.charAt(at - 1)));
  }

  /**
   * A path as a word of a command: the path's text, if this text has the path's bytes. Otherwise
   * each byte above ASCII is a char of U+DC80 to U+DCFF, which no decoded text has.
   */
  public static String toWord(Path path) {
    String text = path.toString();
    if (isAscii(text)) {
      return text;
    }
    String bytes = toBytes(path);
    if (bytes.equals(toBytes(text))) {
      return text;
    }
    StringBuilder word = new StringBuilder(bytes.length());
    for (int i = 0; i < bytes.length(); i++) {
      char c = bytes.charAt(i);
      word.append(c < 0x80 ? c : (char) (BYTE + c));
    }
    return word.toString();
  }

  /** The bytes of an absolute path, also of one that the locale could not decode. */
  public static String toBytes(Path path) {
    return PathBytes.of(path);
  }

  /**
   * Whether the start path in force passes exactly these bytes to a program in a variable. {@link
   * ProcessBuilder} writes {@code ?} for what its charset lacks, so a shell sets such variables.
   */
  public static boolean canCarry(String bytes) {
    return canName(bytes);
  }

  /** Whether the start path in force can start a program whose name has exactly these bytes. */
  public static boolean canName(String bytes) {
    return isAscii(bytes)
        || StartPath.inForce() == StartPath.NATIVE
        || toText(bytes) != null
        || ShellEnvironment.isExact();
  }

  /**
   * Tells how to pass on all bytes without a shell, for the log when a server starts; "" if no
   * shell is needed.
   */
  static String advice() {
    StringBuilder all = new StringBuilder();
    for (char c = 0x80; c <= 0xFF; c++) {
      all.append(c);
    }
    byte[] raw = all.toString().getBytes(StandardCharsets.ISO_8859_1);
    if (Arrays.equals(new String(raw, CHARSET).getBytes(CHARSET), raw)) {
      return "";
    }
    return "; variables with bytes that "
        + CHARSET
        + " lacks go by way of /bin/sh, "
        + (Runtime.version().feature() < 18
            ? "-Dfile.encoding=ISO-8859-1 carries them as they are"
            : "a locale that has them, or native access, carries them as they are");
  }

  /** Text that the JDK encodes to these bytes, or null when there is none. */
  static @Nullable String toText(String bytes) {
    if (isAscii(bytes)) {
      return bytes;
    }
    byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(raw, CHARSET);
    return Arrays.equals(text.getBytes(CHARSET), raw) && Proof.EXACT ? text : null;
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

  private static Charset ofLocale() {
    String name = System.getProperty("sun.jnu.encoding");
    return name != null && Charset.isSupported(name)
        ? Charset.forName(name)
        : Charset.defaultCharset();
  }

  /**
   * Whether this JVM really encodes as this class expects. It starts a program once, at the first
   * value that is not ASCII, and compares what the program got.
   */
  private static final class Proof {
    static final boolean EXACT = isExact();

    private static boolean isExact() {
      String sample = sample();
      try {
        ProcessBuilder builder = new ProcessBuilder("/usr/bin/env");
        builder.environment().clear();
        builder.environment().put("P", sample);
        Process env = Headroom.start(builder.redirectError(ProcessBuilder.Redirect.DISCARD));
        env.getOutputStream().close();
        try (InputStream output = env.getInputStream()) {
          return Arrays.equals(output.readAllBytes(), ("P=" + sample + "\n").getBytes(CHARSET));
        }
      } catch (IOException e) {
        return false;
      }
    }

    /**
     * All that a charset of single bytes has above ASCII, and chars of 2, 3 and 4 bytes in UTF-8.
     */
    private static String sample() {
      StringBuilder sample = new StringBuilder();
      for (int b = 0x80; b <= 0xFF; b++) {
        append(sample, new String(new byte[] {(byte) b}, CHARSET));
      }
      for (String text : List.of("\u00e9", "\u20ac", "\ud83d\ude00")) {
        append(sample, text);
      }
      return sample.toString();
    }

    private static void append(StringBuilder sample, String text) {
      if (!text.equals("\ufffd") && new String(text.getBytes(CHARSET), CHARSET).equals(text)) {
        sample.append(text);
      }
    }
  }
}
