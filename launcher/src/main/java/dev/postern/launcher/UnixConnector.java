package dev.postern.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.jspecify.annotations.Nullable;

/**
 * Listens on a Unix socket whose file has its mode before anybody can reach it. For that the socket
 * is bound in a directory that is closed to others, and its file is then moved to its place.
 */
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
    Path closed =
        Files.createTempDirectory(
            Objects.requireNonNull(path.getParent()),
            ".p",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path made = closed.resolve("s");
    try {
      setUnixDomainPath(made);
      super.doStart();
      Files.setPosixFilePermissions(made, mode);
      Files.move(made, path);
      // Jetty deletes this file when it stops.
      setUnixDomainPath(path);
    } finally {
      Files.deleteIfExists(made);
      Files.delete(closed);
    }
  }
}
