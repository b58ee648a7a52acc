package dev.postern.launcher.http;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Files of Unix sockets that an earlier server has left behind. */
public final class UnixSockets {
  private UnixSockets() {}

  /**
   * Removes a socket on which nobody listens any more. What is no socket stays, and so does one
   * that somebody answers on: binding it will say so.
   */
  public static void clear(Path path) throws IOException {
    boolean other =
        Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
            || Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)
            || Files.isSymbolicLink(path);
    if (other || !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      channel.connect(UnixDomainSocketAddress.of(path));
    } catch (ConnectException e) {
      // Refused: its server has ended.
      Files.deleteIfExists(path);
    }
  }
}
