package dev.postern.launcher.values;

import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Reads values of options; each failure names the option, what is allowed, and what there was. */
public final class Values {
  private Values() {}

  /**
   * Reads seconds, whole or with up to three decimals.
   *
   * @throws LauncherException when it is no such number above 0
   */
  public static Duration seconds(String option, String text) {
    Duration duration = parseSeconds(text);
    if (duration == null) {
      throw LauncherException.badArgument(
          "SECONDS of " + option + " must be a number above 0: \"" + text + "\"");
    }
    return duration;
  }

  /**
   * Reads seconds, and returns null if it is no such number. The caller then refuses it in its own
   * words.
   */
  public static @Nullable Duration parseSeconds(String text) {
    if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,3})?")) {
      return null;
    }
    Duration duration = Duration.ofMillis(new BigDecimal(text).movePointRight(3).longValue());
    return duration.isZero() ? null : duration;
  }

  /** Reads seconds; null for no text. */
  public static @Nullable Duration secondsOrNull(String option, @Nullable String text) {
    return text == null ? null : seconds(option, text);
  }

  /**
   * Reads a whole number in decimal digits.
   *
   * @throws LauncherException when it is none, or out of bounds
   */
  public static long number(String option, String text, long min, long max) {
    if (text.matches("[0-9]{1,18}")) {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    }
    String range =
        max >= Integer.MAX_VALUE ? "a number of at least " + min : "from " + min + " to " + max;
    throw LauncherException.badArgument(option + " must be " + range + ": \"" + text + "\"");
  }

  /**
   * Reads a path, whether anything is there or not.
   *
   * @throws LauncherException when it cannot be a path
   */
  public static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw LauncherException.badArgument(option + " must name a path: \"" + text + "\"");
    }
  }

  /**
   * Reads the path of a directory.
   *
   * @throws LauncherException when it is none
   */
  public static Path directory(String option, String text) {
    Path directory = path(option, text);
    if (!Files.isDirectory(directory)) {
      throw noDirectory(option, text);
    }
    return directory;
  }

  /** Returns the failure for a path that is no directory. */
  public static LauncherException noDirectory(String option, String text) {
    return LauncherException.badArgument(
        "DIR of " + option + " must be a directory: \"" + text + "\"");
  }

  /**
   * Reads the path of a regular file.
   *
   * @throws LauncherException when it is none
   */
  public static Path file(String option, String text) {
    Path file = path(option, text);
    if (!Files.isRegularFile(file)) {
      throw LauncherException.badArgument(
          "FILE of " + option + " must be a file: \"" + text + "\"");
    }
    return file;
  }

  /** Returns the failure for a file that is not there, or that this user may not read. */
  public static LauncherException unreadable(String option, String text) {
    return LauncherException.badArgument(
        "FILE of " + option + " must be readable: \"" + text + "\"");
  }
}
