package dev.postern.program;

import dev.postern.GatewayException;

/** Says when a host is built what would otherwise be found out by the first request. */
public final class NeverRuns {
  private NeverRuns() {}

  /** A look at modes and owners. */
  @FunctionalInterface
  public interface Look {
    /** Fails where nothing may run. */
    void run() throws GatewayException;
  }

  /**
   * Logs one warning where modes or an owner forbid each run. No failure: they can be mended while
   * the server runs, and each request looks again.
   */
  public static void warn(Look look) {
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
