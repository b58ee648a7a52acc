package dev.postern.system;

import dev.postern.process.ProgramText;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Converts file names to text that the JDK turns into the same bytes again. For file names, the JDK
 * uses the locale's charset, {@code sun.jnu.encoding}. Before JDK 18 it may use another charset for
 * an environment and a command line.
 */
public final class FileNames {
  /** The charset with which file names are encoded. */
  public static final Charset CHARSET = ProgramText.localeCharset();

  private FileNames() {}

  /**
   * The text of a file name, or null when no text has these bytes. Under LC_ALL=C, only ASCII has a
   * text.
   */
  public static @Nullable String ofBytes(String bytes) {
    byte[] raw = bytes.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(raw, CHARSET);
    return Arrays.equals(text.getBytes(CHARSET), raw) ? text : null;
  }
}
