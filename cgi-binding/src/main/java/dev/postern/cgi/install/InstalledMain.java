package dev.postern.cgi.install;

import dev.postern.cgi.CgiGateway;

/** The main class of an installed executable. */
final class InstalledMain {
  private InstalledMain() {}

  /** Arguments are a web server's, and so maybe a client's (RFC 3875 4.4): not looked at. */
  public static void main(String[] arguments) {
    CgiGateway.main(new InstalledApplication());
  }
}
