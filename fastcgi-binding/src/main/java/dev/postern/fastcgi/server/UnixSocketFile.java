package dev.postern.fastcgi.server;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that a gateway listens on. It gets its mode before anybody can reach
 * it: the gateway binds the socket in a directory that is closed to others, and then moves it to
 * its place.
 */
final class UnixSocketFile {
  private final Path path;

  /** Which file it is: another one may take its place. */
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
   */
  static UnixSocketFile bind(
      ServerSocketChannel channel, Path path, int backlog, Set<PosixFilePermission> mode)
      throws IOException {
    Path directory = requireNonNull(path.getParent(), "directory of the socket");
    removeStale(path);
    Path closed = Files.createTempDirectory(directory, ".p", closedMode());
    try {
      Path made = closed.resolve("s");
      channel.bind(UnixDomainSocketAddress.of(made), backlog);
      try {
        Files.setPosixFilePermissions(made, mode);
        Files.move(made, path);
      } catch (IOException e) {
        Files.deleteIfExists(made);
        throw e;
      }
    } finally {
      Files.delete(closed);
    }
    return new UnixSocketFile(path);
  }

  private static java.nio.file.attribute.FileAttribute<Set<PosixFilePermission>> closedMode() {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  }

  /**
   * Removes a socket that nobody listens on: the kernel refuses a connection to it. A gateway that
   * was killed leaves one.
   */
  private static void removeStale(Path path) throws IOException {
    BasicFileAttributes found;
    try {
      found = attributes(path);
    } catch (NoSuchFileException e) {
      return;
    }
    if (!found.isOther() || !refuses(path)) {
      throw new FileAlreadyExistsException(
          path.toString(), null, "socket must be free: somebody may be using it");
    }
    Object key = found.fileKey();
    if (key != null && key.equals(attributes(path).fileKey())) {
      Files.delete(path);
    }
  }

  /** Whether nobody listens; false where that is not certain. */
  private static boolean refuses(Path path) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      // Where the queue of a busy listener is full, a blocking one would wait.
      probe.configureBlocking(false);
      probe.connect(UnixDomainSocketAddress.of(path));
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Removes the file, if it is still the one that was made here. */
  void remove() {
    try {
      if (key != null && key.equals(attributes(path).fileKey())) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // Somebody else has removed it, or its directory: the next gateway sees that it is dead.
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
