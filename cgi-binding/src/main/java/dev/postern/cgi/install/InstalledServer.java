package dev.postern.cgi.install;

/** The main class of the server behind a warm executable. */
final class InstalledServer {
  private InstalledServer() {}

  /**
   * The stub gives the arguments. If the application has started threads, only an exit ends the
   * JVM, also after a failure. Until then it would hold the lock without a socket.
   */
  @SuppressWarnings("CatchAndPrintStackTrace") // The server's standard error is its log.
  public static void main(String[] arguments) {
    int status = 1;
    try {
      WarmServer.main(new InstalledApplication(), arguments);
      status = 0;
    } catch (Throwable e) {
      e.printStackTrace();
    }
    System.exit(status);
  }
}
