package dev.postern.launcher;

import dev.postern.cgi.CgiGateway;
import dev.postern.launcher.values.LauncherException;

/** The {@code postern} command. */
public final class Main {
  private Main() {}

  /**
   * Runs one word of the command and ends the JVM: 0 after a clean stop, 2 for bad arguments, 1
   * otherwise.
   *
   * <p>A {@code cgi} that is well formed never comes near picocli or Jetty: each class costs on the
   * way to a CGI executable's answer. Whatever else it is, picocli says so.
   */
  public static void main(String[] args) {
    CgiArguments cgi = CgiArguments.parse(args);
    if (cgi == null) {
      System.exit(PosternCommand.execute(System.out, System.err, args));
      return;
    }
    try {
      CgiGateway.main(cgi.load());
    } catch (LauncherException e) {
      System.err.println("postern: " + e.getMessage());
      System.exit(e.exitCode());
    }
  }
}
