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
 * What tells whether a file is still the one that was loaded. Immutable.
 *
 * @param attributes device, inode, size and times; null when there is no such file
 */
record Stamp(@Nullable Map<String, Object> attributes) {
  /** A file system tells times by the tick of its kernel; two changes within one look the same. */
  private static final Duration TICK = Duration.ofMillis(50);

  static Stamp of(Path file) {
    try {
      return new Stamp(Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime"));
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return new Stamp(null);
    }
  }

  /** The time by the clock that file times are of. For nothing else: somebody may set it. */
  static Instant now() {
    return Instant.now();
  }

  /** Whether the file was changed at that time or later, or so shortly before that none can say. */
  boolean isAfter(Instant time) {
    if (attributes == null) {
      return true;
    }
    // The time that nobody can set.
    Object changed = attributes.get("ctime");
    return !(changed instanceof FileTime at) || at.toInstant().isAfter(time.minus(TICK));
  }
}
