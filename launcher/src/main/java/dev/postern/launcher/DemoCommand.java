package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.launcher.demo.Demo;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.status.Sources;
import dev.postern.launcher.status.StatusPage;
import dev.postern.launcher.values.LauncherException;
import dev.postern.web.UrlMap;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code postern demo}: a page that shows what Postern does, on this machine alone. */
@Command(
    name = "demo",
    description = {
      "Serve a page that shows all parts at work.",
      "It shows one application as a servlet, as a FastCGI server and as CGI executables, programs "
          + "in three languages, a script and a jar with and without a start for each request, a "
          + "broken program with its diagnosis, and git over HTTP."
    })
final class DemoCommand implements Callable<Integer> {
  private static final String DEFAULT_PORT = "8080";
  private static final String STATUS = "/status";
  private static final int PROBE_MILLIS = 300;

  @Spec @Nullable CommandSpec spec;

  @Option(
      names = "--port",
      paramLabel = "N",
      description =
          "The port to listen on. 0 is any free port. Default: 8080, or another free port if "
              + "8080 is in use.")
  @Nullable String port;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    // Check the address first, so that a wrong one is reported before anything is made.
    Address address = Address.parse("127.0.0.1", port == null ? DEFAULT_PORT : port);
    Logs.quiet();
    Signals signals = Signals.install(false);
    Board board = new Board();
    try (Demo demo = Demo.open(System.getenv("PATH"), RequestMark::took);
        Sources sources = board.open();
        WebServer server = open(address, counted(demo, board, sources))) {
      out.println("postern: listening on http://localhost:" + server.port() + "/");
      signals.awaitStop();
    }
    return 0;
  }

  private static Application counted(Demo demo, Board board, Sources sources) {
    Map<String, Application> routes = new HashMap<>(demo.routes());
    routes.replaceAll(sources::mounted);
    routes.put(STATUS, board.own(StatusPage.of(board, List.of())));
    return new AccessLog(UrlMap.of(routes), null, AccessLog.Format.COMBINED, false, board, null);
  }

  private WebServer open(Address address, Application routes) {
    ClassLoader loader = DemoCommand.class.getClassLoader();
    if (port != null) {
      return address.open(routes, loader);
    }
    if (!isAnswered("::1", address.port())) {
      try {
        return address.open(routes, loader);
      } catch (LauncherException e) {
        // The port is taken.
      }
    }
    return new Address(address.address(), 0).open(routes, loader);
  }

  /**
   * Returns whether a server answers there. A browser tries IPv6 first for localhost, and another
   * server may listen there.
   */
  private static boolean isAnswered(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), PROBE_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
