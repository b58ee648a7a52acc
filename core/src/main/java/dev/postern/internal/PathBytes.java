package dev.postern.internal;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Names of files as bytes, one char each. A locale may have no text for some bytes. The JDK then
 * makes no path of them, but a path from a directory's listing keeps them.
 */
public final class PathBytes {
  private PathBytes() {}

  /**
   * The bytes of an absolute path. Where the locale could not decode a byte, the path's text has a
   * U+FFFD, which encodes like any other char, so the byte is lost. The path itself keeps its
   * bytes, and its URI shows them.
   */
  public static String of(Path path) {
    String text = path.toString();
    if (isAscii(text)) {
      return text;
    }
    String shown = path.toUri().getRawPath();
    // The URI of a directory ends with a slash.
    int end = shown.length() - (shown.endsWith("/") ? 1 : 0);
    return requireNonNull(Percent.decoded(shown.substring(0, end)));
  }

  /**
   * Finds a file of a directory by the bytes of its name, for a name that no text has. This lists
   * the directory. Null where there is none.
   */
  public static @Nullable Path listed(Path directory, String bytes) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        if (of(file.toAbsolutePath()).endsWith("/" + bytes)) {
          return file;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // What cannot be listed cannot be found.
      return null;
    }
    return null;
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return false;
      }
    }
    return true;
  }
}
