package dev.postern.fastcgi.server;

import static java.util.Objects.requireNonNull;

import dev.postern.internal.Escapes;
import dev.postern.internal.StaleSocket;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that a gateway listens on. The file gets its mode before anybody can
 * reach it. For that the gateway binds the socket in a directory that is closed to others, and then
 * moves the file to its place.
 */
final class UnixSocketFile {
  /** How many names of three letters and digits there are. */
  private static final int NAMES = 36 * 36 * 36;

  private static final int MOST_TRIES = 100;

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
    Path directory = requireNonNull(path.getParent(), "directory of the socket");
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          "directory of the socket must exist: " + Escapes.quote(directory.toString()));
    }
    StaleSocket.remove(path);
    Path closed = closedDirectory(directory);
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

  /**
   * Makes a directory that only this user may enter. Java takes no more than 106 bytes as the path
   * of a socket, so a long name would leave little for the directory of the socket.
   */
  private static Path closedDirectory(Path parent) throws IOException {
    FileAttribute<?> mode =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    for (int tries = 1; ; tries++) {
      int number = ThreadLocalRandom.current().nextInt(NAMES);
      try {
        return Files.createDirectory(
            parent.resolve("." + Integer.toString(number, Character.MAX_RADIX)), mode);
      } catch (FileAlreadyExistsException e) {
        if (tries == MOST_TRIES) {
          throw e;
        }
      }
    }
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
