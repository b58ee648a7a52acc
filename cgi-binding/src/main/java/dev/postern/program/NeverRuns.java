package dev.postern.program;

import dev.postern.GatewayException;

/** Logs when a host is built what only the first request would find out otherwise. */
public final class NeverRuns {
  private NeverRuns() {}

  /** A check of modes and owners. */
  @FunctionalInterface
  public interface Look {
    /** Fails if nothing may run. */
    void run() throws GatewayException;
  }

  /**
   * Logs one warning if modes or an owner forbid every run. This is no failure, because the
   * administrator can change them while the server runs, and each request checks again.
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
