package dev.postern.fastcgi.server;

import dev.postern.internal.ClosedSocket;
import dev.postern.internal.StaleSocket;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The file of a Unix socket that a gateway listens on. */
final class UnixSocketFile {
  private final Path path;

  /** Identifies the file, because another file may take its place. */
  private final @Nullable Object key;

  private UnixSocketFile(Path path) throws IOException {
    this.path = path;
    this.key = attributes(path).fileKey();
  }

  /**
   * Binds the channel.
   *
   * @throws FileAlreadyExistsException for a file that is no socket, or a socket that somebody may
   *     be listening on
   * @throws IOException also for a directory that does not exist
   */
  static UnixSocketFile bind(
      ServerSocketChannel channel, Path path, int backlog, Set<PosixFilePermission> mode)
      throws IOException {
    StaleSocket.remove(path);
    ClosedSocket.bind(path, mode, made -> channel.bind(UnixDomainSocketAddress.of(made), backlog));
    return new UnixSocketFile(path);
  }

  /** Removes the file, if it is still the one that this object has made. */
  void remove() {
    try {
      if (key != null && key.equals(attributes(path).fileKey())) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // Somebody else has removed the file, or its directory is gone. If the file stays, the next
      // gateway sees that nobody listens on it.
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
