package dev.postern.launcher;

import dev.postern.internal.ClosedSocket;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.jspecify.annotations.Nullable;

/** Listens on a Unix socket whose file has its mode before anybody can reach it. */
final class UnixConnector extends UnixDomainServerConnector {
  private final Path path;
  private final @Nullable Set<PosixFilePermission> mode;

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
      return;
    }
    ClosedSocket.bind(
        path,
        mode,
        made -> {
          setUnixDomainPath(made);
          super.doStart();
        });
    // Jetty deletes this file when it stops.
    setUnixDomainPath(path);
  }
}
