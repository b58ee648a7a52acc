package dev.postern.internal;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * The file of a Unix socket that an earlier server has left behind, such as one that was killed.
 */
public final class StaleSocket {
  private StaleSocket() {}

  /**
   * Removes a socket that nobody listens on. The kernel refuses a connection to such a socket. If
   * there is no file, this method does nothing.
   *
   * @throws FileAlreadyExistsException for a file that is no socket, or a socket that somebody may
   *     be listening on
   */
  public static void remove(Path path) throws IOException {
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
    // Another server may have put its own socket there meanwhile.
    Object key = found.fileKey();
    if (key != null && key.equals(attributes(path).fileKey())) {
      Files.delete(path);
    }
  }

  /** Whether nobody listens; false if that is not certain. */
  private static boolean refuses(Path path) {
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      // If the queue of a busy listener is full, a blocking channel would wait.
      probe.configureBlocking(false);
      probe.connect(UnixDomainSocketAddress.of(path));
      return false;
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
  }
}
