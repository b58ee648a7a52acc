package dev.postern.launcher;

import com.google.common.net.InetAddresses;
import dev.postern.Application;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Where a server listens.
 *
 * @param port 0 for any free one
 */
record Address(InetAddress address, int port) {
  /**
   * Reads {@code --bind} and {@code --port}.
   *
   * @throws LauncherException when they are not an address and a port
   */
  static Address parse(String bind, String port) {
    return new Address(address(bind), (int) ServeCommand.number("--port", port, 0, 65535));
  }

  private static InetAddress address(String text) {
    try {
      if (!text.isBlank()) {
        return text.startsWith("[")
            ? InetAddresses.forUriString(text)
            : InetAddress.getByName(text);
      }
    } catch (UnknownHostException | IllegalArgumentException e) {
      // Told below.
    }
    throw LauncherException.badArgument("--bind must be an address: \"" + text + "\"");
  }

  /**
   * Listens, says so on {@code out}, and serves until the process is told to stop.
   *
   * @return the exit code
   * @throws LauncherException when it cannot listen
   */
  int serve(Application application, ClassLoader loader, StopSignal stop, PrintWriter out)
      throws Exception {
    try (WebServer server = open(application, loader)) {
      out.println("postern: listening on " + url(server.port()));
      stop.await();
    }
    return 0;
  }

  /**
   * Listens.
   *
   * @throws LauncherException when it cannot
   */
  WebServer open(Application application, ClassLoader loader) {
    try {
      Logs.quiet();
      return WebServer.open(address, port, application, loader);
    } catch (IOException e) {
      throw LauncherException.failed("cannot listen on " + url(port) + ": " + reason(e));
    }
  }

  private static String reason(IOException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  /** As a browser takes it. */
  private String url(int actualPort) {
    String host = address.getHostAddress();
    if (address instanceof Inet6Address) {
      host = InetAddresses.toUriString(address);
    }
    return "http://" + host + ":" + actualPort + "/";
  }
}
