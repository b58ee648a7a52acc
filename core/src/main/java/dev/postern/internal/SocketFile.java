package dev.postern.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that this process listens on. Another server may put its own file at
 * the same path, so the file is removed only if it is still the same. Thread-safe.
 */
public final class SocketFile {
  private final Path path;
  private @Nullable Object key;

  private SocketFile(Path path, @Nullable Object key) {
    this.path = path;
    this.key = key;
  }

  /** Returns the file of a socket that has just been bound to this path. */
  public static SocketFile of(Path path) throws IOException {
    return new SocketFile(path, key(path));
  }

  /**
   * Removes the file, if it is still the one that this object was made for. Only the first call
   * does something. It comes before the socket is closed, because a file system can give the number
   * of a closed socket's file to the file of the next server.
   */
  public synchronized void remove() {
    Object made = key;
    key = null;
    try {
      if (made != null && made.equals(key(path))) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // Somebody else has removed the file, or its directory is gone. If the file stays, the next
      // server sees that nobody listens on it.
    }
  }

  private static @Nullable Object key(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }
}
