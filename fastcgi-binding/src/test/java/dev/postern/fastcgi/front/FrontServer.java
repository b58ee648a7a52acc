package dev.postern.fastcgi.front;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A web server in front of gateways: a process on a free port of the loopback, in a directory of
 * its own, run by an ordinary user and ended by its id.
 */
public final class FrontServer implements Closeable {
  private static final int PORTS_TRIED = 8;
  private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final List<Path> PROGRAMS = List.of(Path.of("/usr/sbin"), Path.of("/usr/bin"));
  private static final boolean ROOT = isRoot();

  private final Path directory;
  private final int port;
  private final Process process;

  /** Writes a configuration, and says how to start the server with it. */
  interface Setup {
    List<String> command(Path directory, int port) throws IOException;
  }

  private FrontServer(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /** Another program may take the port between our look and the server's bind: then once more. */
  static FrontServer start(Setup setup) throws IOException {
    Path directory = directory();
    for (int attempt = 1; ; attempt++) {
      int port = freePort();
      Process process = launch(directory, setup.command(directory, port));
      FrontServer server = new FrontServer(directory, port, process);
      if (server.awaitReady()) {
        return server;
      }
      server.stop();
      if (attempt == PORTS_TRIED) {
        String log = server.log();
        server.close();
        throw new IOException("web server did not start:\n" + log);
      }
    }
  }

  /** A directory that everybody can read and the server can write to. */
  public static Path directory() throws IOException {
    Path directory = Files.createTempDirectory("postern-front");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    own(directory);
    return directory;
  }

  public static void own(Path file) throws IOException {
    if (ROOT) {
      var users = file.getFileSystem().getUserPrincipalLookupService();
      var view = Files.getFileAttributeView(file, PosixFileAttributeView.class);
      view.setOwner(users.lookupPrincipalByName("nobody"));
    }
  }

  public static Process launch(Path directory, List<String> command) throws IOException {
    List<String> whole = new ArrayList<>(List.of(program("setsid")));
    if (ROOT) {
      whole.addAll(
          List.of(program("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
    }
    whole.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(whole).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(directory.resolve("console.log").toFile()));
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  int port() {
    return port;
  }

  /** What the server wrote to its logs, of which all have names that end so. */
  String log() throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(file -> file.toString().endsWith(".log")).sorted().toList()) {
        text.append(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    }
    return text.toString();
  }

  private boolean awaitReady() throws IOException {
    long began = System.nanoTime();
    while (System.nanoTime() - began < READY_NANOS && process.isAlive()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return process.isAlive();
      } catch (IOException e) {
        pause();
      }
    }
    return false;
  }

  private void stop() {
    end(process);
  }

  /** It was started in a session of its own, so that its group is all that it left behind. */
  public static void end(Process process) {
    try {
      process.destroy();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
      new ProcessBuilder("kill", "-KILL", "--", "-" + process.pid())
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new IllegalStateException("cannot stop " + process.pid(), e);
    }
  }

  @Override
  public void close() throws IOException {
    stop();
    delete(directory);
  }

  public static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** The path of a program, or a named skip, which is a failure with POSTERN_REQUIRE_ALL=1. */
  public static String program(String name) {
    return PROGRAMS.stream()
        .map(directory -> directory.resolve(name))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElseGet(() -> missing(name));
  }

  static String apacheModule(String name) {
    Path file = Path.of("/usr/lib/apache2/modules", "mod_" + name + ".so");
    return Files.isReadable(file) ? file.toString() : missing("Apache's mod_" + name);
  }

  /** A named skip, which is a failure with POSTERN_REQUIRE_ALL=1. */
  public static String missing(String what) {
    String message = what + " is not installed";
    return "1".equals(System.getenv("POSTERN_REQUIRE_ALL")) ? fail(message) : abort(message);
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(10);
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted while a server was starting", e);
    }
  }

  private static boolean isRoot() {
    try {
      return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
