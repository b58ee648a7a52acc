package dev.postern.cgi.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The processes of one server. */
final class StartedServer implements WebServer {
  private static final int PORTS_TRIED = 8;
  private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final int TAIL = 4000;

  private final WebServerKind kind;
  private final Site site;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  private StartedServer(WebServerKind kind, Site site, int port) {
    this.kind = kind;
    this.site = site;
    this.port = port;
  }

  /** Another program may take the port between our look and the server's bind: then once more. */
  static WebServer start(WebServerKind kind, Site site) throws IOException {
    for (int attempt = 1; ; attempt++) {
      StartedServer server = new StartedServer(kind, site, freePort());
      try {
        for (List<String> command : kind.commands(site, server.port)) {
          server.processes.add(server.launch(command));
        }
        if (server.awaitReady()) {
          return server;
        }
        if (attempt == PORTS_TRIED) {
          throw new IOException(kind + " did not start:\n" + server.logTail());
        }
      } catch (Throwable e) {
        server.close();
        throw e;
      }
      server.close();
    }
  }

  @Override
  public WebServerKind kind() {
    return kind;
  }

  @Override
  public int port() {
    return port;
  }

  @Override
  public Site site() {
    return site;
  }

  @Override
  public String logTail() {
    StringBuilder tail = new StringBuilder();
    try (Stream<Path> files = Files.list(site.logs())) {
      for (Path file : files.sorted().toList()) {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        tail.append("--- ").append(file.getFileName()).append('\n');
        tail.append(text.substring(Math.max(0, text.length() - TAIL)));
      }
    } catch (IOException e) {
      tail.append(e);
    }
    return tail.toString();
  }

  @Override
  public void close() {
    for (int i = processes.size() - 1; i >= 0; i--) {
      stop(processes.get(i));
    }
    processes.clear();
  }

  private Process launch(List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(OrdinaryUser.command(command));
    builder.directory(site.run().toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/local/bin:/usr/bin:/bin");
    builder.environment().put("LC_ALL", "C");
    Path log = site.logs().resolve("console.log");
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  /** False when it ended instead. */
  private boolean awaitReady() throws IOException {
    long began = System.nanoTime();
    while (System.nanoTime() - began < READY_NANOS) {
      boolean answers = answers();
      for (Process process : processes) {
        if (!process.isAlive()) {
          return false;
        }
      }
      if (answers && helpersAreReady()) {
        return true;
      }
      pause();
    }
    throw new IOException(kind + " was not ready in time:\n" + logTail());
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The socket's file is there a moment before anybody listens on it. */
  private boolean helpersAreReady() {
    if (kind != WebServerKind.NGINX_FCGIWRAP) {
      return true;
    }
    Path socket = site.run().resolve("fcgiwrap.sock");
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  /** Each was started in a session of its own, so that its group is all that it left behind. */
  private static void stop(Process process) {
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

  private static int freePort() throws IOException {
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
}
