package dev.postern.system;

import dev.postern.process.ProgramText;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /**
   * The file of a directory whose name has these bytes, for a name that no text has: a path that a
   * directory lists keeps its bytes, whatever its text is. Null where there is none.
   */
  public static @Nullable Path listed(Path directory, String bytes) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (ProgramText.toBytes(file.toAbsolutePath()).endsWith("/" + bytes)) {
          return file;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // What cannot be listed cannot be found.
      return null;
    }
    return null;
  }
}
