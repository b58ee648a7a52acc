package dev.postern.launcher;

import picocli.CommandLine.Option;

/** The options of {@code serve} that hold for the server as a whole, and for no single mount. */
final class ServerOptions {
  @Option(names = "--port", paramLabel = "N", description = "Default: 8080. 0 is any free port.")
  String port = "8080";

  @Option(names = "--bind", paramLabel = "ADDR", description = "Default: 127.0.0.1.")
  String bind = "127.0.0.1";

  /**
   * Where to listen.
   *
   * @throws LauncherException when that is not an address and a port
   */
  Address address() {
    return Address.parse(bind, port);
  }
}
