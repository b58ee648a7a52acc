package dev.postern.cgi.install;

import dev.postern.cgi.CgiGateway;

/** The main class of an installed executable. */
final class InstalledMain {
  private InstalledMain() {}

  /**
   * Ignores the arguments. The web server gives them, and they may come from a client (RFC 3875
   * 4.4).
   */
  public static void main(String[] arguments) {
    CgiGateway.main(new InstalledApplication());
  }
}
