package dev.postern.launcher;

import dev.postern.internal.ClosedSocket;
import dev.postern.internal.SocketFile;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.jspecify.annotations.Nullable;

/**
 * Listens on a Unix socket whose file has its mode before anybody can reach it. The file is removed
 * before the socket is closed, and only if no other server has put its own in its place.
 */
final class UnixConnector extends UnixDomainServerConnector {
  /**
   * A path at which there is never a file. Jetty 12.1 deletes the file at its path when it stops,
   * whoever has made it, and fails if it has no path.
   */
  static final Path NO_FILE = Path.of("/proc/self/no-socket");

  private final Path path;
  private final @Nullable Set<PosixFilePermission> mode;
  private volatile @Nullable SocketFile file;

  /** {@code mode} is null for that of the umask. */
  UnixConnector(
      Server server,
      Path path,
      @Nullable Set<PosixFilePermission> mode,
      ConnectionFactory[] protocols) {
    super(server, 1, 1, protocols);
    this.path = path;
    this.mode = mode;
    setUnixDomainPath(path);
  }

  @Override
  protected void doStart() throws Exception {
    if (mode == null) {
      super.doStart();
    } else {
      ClosedSocket.bind(
          path,
          mode,
          made -> {
            setUnixDomainPath(made);
            super.doStart();
          });
    }
    setUnixDomainPath(NO_FILE);
    file = SocketFile.of(path);
  }

  /** Jetty closes the socket here, long before it stops if requests still run. */
  @Override
  public CompletableFuture<Void> shutdown() {
    removeFile();
    return super.shutdown();
  }

  /** Called without {@link #shutdown} if another part of the server could not start. */
  @Override
  protected void doStop() throws Exception {
    removeFile();
    super.doStop();
  }

  private void removeFile() {
    SocketFile made = file;
    if (made != null) {
      made.remove();
    }
  }
}
