package dev.postern.internal;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes a Unix socket whose file has its mode before anybody can reach it. For that the socket is
 * bound in a directory that is closed to others, and its file is then moved to its place.
 */
public final class ClosedSocket {
  /** How many names of three letters and digits there are. */
  private static final int NAMES = 36 * 36 * 36;

  private static final int MOST_TRIES = 100;

  private ClosedSocket() {}

  /** Binds a socket. */
  public interface Binder<E extends Exception> {
    void bind(Path path) throws E;
  }

  /**
   * Binds the socket.
   *
   * @param path of the socket, with a directory
   * @throws FileAlreadyExistsException if there is a file already
   * @throws IOException also for a directory that does not exist
   */
  public static <E extends Exception> void bind(
      Path path, Set<PosixFilePermission> mode, Binder<E> binder) throws IOException, E {
    Path directory = requireNonNull(path.getParent(), "directory of the socket");
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          "directory of the socket must exist: " + Escapes.quote(directory.toString()));
    }
    Path closed = closedDirectory(directory);
    Path made = closed.resolve("s");
    try {
      binder.bind(made);
      Files.setPosixFilePermissions(made, mode);
      Files.move(made, path);
    } finally {
      Files.deleteIfExists(made);
      Files.delete(closed);
    }
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
}
