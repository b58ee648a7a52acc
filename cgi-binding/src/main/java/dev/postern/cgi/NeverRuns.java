package dev.postern.cgi;

import dev.postern.GatewayException;

/** Says when a host is built what would otherwise be found out by the first request. */
final class NeverRuns {
  private NeverRuns() {}

  /** A look at modes and owners. */
  @FunctionalInterface
  interface Look {
    void run() throws GatewayException;
  }

  /**
   * Logs one warning where modes or an owner forbid each run. No failure: they can be mended while
   * the server runs, and each request looks again.
   */
  static void warn(Look look) {
    try {
      look.run();
    } catch (GatewayException e) {
      if (e.status() == 403) {
        System.getLogger("dev.postern.cgi")
            .log(System.Logger.Level.WARNING, "no request will be served: " + e.getMessage());
      }
    }
  }
}
