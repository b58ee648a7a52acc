package dev.postern.fastcgi.front;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import dev.postern.fastcgi.FastCgiGateway;
import dev.postern.testing.HttpGatewayClient;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A web server that starts an executable itself. */
public final class StartedServer implements Closeable {
  private static final String INSTALLED = "/usr/lib/cgi-bin/hello";

  private final Path directory;
  private final FrontServer server;

  private StartedServer(Path directory, FrontServer server) {
    this.directory = directory;
    this.server = server;
  }

  /** Apache with mod_fcgid. */
  public static StartedServer modFcgid(Class<?> main) throws Exception {
    Path directory = FrontServer.directory();
    String block =
        Documented.block("apache", "fcgid-script")
            .replace(INSTALLED, executable(directory, main).toString());
    String around =
        "FcgidIPCDir " + directory + "/fcgid\nFcgidProcessTableFile " + directory + "/table\n";
    return start(
        directory,
        Documented.apache(around + block, "fd:0", "mpm_event", "authz_core", "alias", "fcgid"));
  }

  /** lighttpd with {@code bin-path}. */
  public static StartedServer lighttpd(Class<?> main) throws Exception {
    Path directory = FrontServer.directory();
    String block =
        Documented.block("lighttpd", "bin-path")
            .replace(INSTALLED, executable(directory, main).toString());
    return start(directory, Documented.lighttpd(block, "unix:" + directory + "/hello.sock"));
  }

  private static StartedServer start(Path directory, FrontServer.Setup setup) throws IOException {
    try {
      return new StartedServer(directory, FrontServer.start(setup));
    } catch (Throwable e) {
      FrontServer.delete(directory);
      throw e;
    }
  }

  /** A script that runs that class; with copies, as the web server's user may read no others. */
  private static Path executable(Path directory, Class<?> main) throws Exception {
    Set<String> classPath = new LinkedHashSet<>();
    for (Class<?> one : List.of(Application.class, CgiGateway.class, FastCgiGateway.class, main)) {
      classPath.add(copy(directory, one));
    }
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    String text =
        "#!/bin/sh\nexec "
            + java
            + " -XX:TieredStopAtLevel=1 -Xmx64m -cp "
            + String.join(":", classPath)
            + " "
            + main.getName()
            + " fastcgi\n";
    Path file = Files.writeString(directory.resolve("hello"), text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String copy(Path directory, Class<?> one) throws IOException, URISyntaxException {
    Path from = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path to = directory.resolve("classes-" + Integer.toHexString(from.toString().hashCode()));
    if (Files.isRegularFile(from)) {
      Path jar = to.resolveSibling(to.getFileName() + ".jar");
      if (!Files.exists(jar)) {
        Files.setPosixFilePermissions(
            Files.copy(from, jar), PosixFilePermissions.fromString("rw-r--r--"));
      }
      return jar.toString();
    }
    if (!Files.exists(to)) {
      try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.toList()) {
          Path target = to.resolve(from.relativize(file).toString());
          Files.copy(file, target);
          String mode = Files.isDirectory(file) ? "rwxr-xr-x" : "rw-r--r--";
          Files.setPosixFilePermissions(target, PosixFilePermissions.fromString(mode));
        }
      }
    }
    return to.toString();
  }

  /** Asks it; a JVM starts first. */
  public HttpGatewayClient client() {
    return HttpGatewayClient.of(server.port()).waiting(Duration.ofSeconds(60));
  }

  /** What the web server wrote to its log. */
  public String log() {
    try {
      return server.log();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    FrontServer.delete(directory);
  }
}
