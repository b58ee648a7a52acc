package dev.postern.system;

import dev.postern.process.ProgramText;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * File names as the text that the JDK turns into the same bytes again. It has a charset of its own
 * for them, {@code sun.jnu.encoding}, the locale's; before JDK 18 an environment and a command line
 * may have another.
 */
public final class FileNames {
  /** What file names are encoded with. */
  public static final Charset CHARSET = ProgramText.localeCharset();

  private FileNames() {}

  /**
   * The text of a file name, or null when no text has these bytes: under LC_ALL=C all but ASCII.
   */
  public static @Nullable String ofBytes(String bytes) {
    byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(raw, CHARSET);
    return Arrays.equals(text.getBytes(CHARSET), raw) ? text : null;
  }
}
