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
   * <p>Well-formed arguments of {@code cgi} run without picocli and Jetty, as each class that is
   * loaded delays the answer of a CGI executable. All other arguments go to picocli, which reports
   * mistakes.
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
