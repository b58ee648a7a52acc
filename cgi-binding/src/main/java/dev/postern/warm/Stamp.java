package dev.postern.warm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a file is still the one that was loaded, or a directory the one in which a process
 * was started. Immutable.
 *
 * @param attributes device and inode, of a file also size and times; null when there is no such
 *     file
 */
record Stamp(@Nullable Map<String, Object> attributes) {
  /** File times advance by the tick of the kernel, so two changes within one tick look the same. */
  private static final Duration TICK = Duration.ofMillis(50);

  static Stamp of(Path file) {
    return of(file, "unix:dev,ino,size,lastModifiedTime,ctime");
  }

  /**
   * Of a directory, which stays the same whatever is made in it. Another one may take its name, as
   * by a link to the next release. A process that was started in the old one stays there.
   */
  static Stamp ofDirectory(Path directory) {
    return of(directory, "unix:dev,ino");
  }

  private static Stamp of(Path file, String attributes) {
    try {
      return new Stamp(Files.readAttributes(file, attributes));
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return new Stamp(null);
    }
  }

  /**
   * The time by the clock of file times. Use it for nothing else, because somebody may set that
   * clock.
   */
  static Instant now() {
    return Instant.now();
  }

  /**
   * Whether the file was changed at that time or later, or so shortly before that nobody can tell,
   * or is gone. A time in the future says that somebody has put back the clock. It counts as no
   * change, because it would be one for each further load, too.
   */
  boolean isChangedSince(Instant time) {
    return attributes == null || isAfter(time) && !isAfter(now().plusSeconds(1));
  }

  private boolean isAfter(Instant time) {
    // Nobody can set this time, unlike that of the last modification.
    Object changed = attributes == null ? null : attributes.get("ctime");
    return !(changed instanceof FileTime at) || at.toInstant().isAfter(time.minus(TICK));
  }
}
