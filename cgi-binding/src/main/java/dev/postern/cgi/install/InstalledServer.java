package dev.postern.cgi.install;

/** The main class of the server behind a warm executable. */
final class InstalledServer {
  private InstalledServer() {}

  /** The stub gives the arguments. */
  public static void main(String[] arguments) throws Exception {
    WarmServer.main(new InstalledApplication(), arguments);
  }
}
