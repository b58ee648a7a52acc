package dev.postern.benchmarks;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.servlets.CGIServlet;
import org.apache.catalina.startup.Tomcat;

/** An embedded Tomcat with its CGIServlet. Its arguments are {@code PORT DIRECTORY PROGRAMS}. */
final class TomcatServer {
  private TomcatServer() {}

  public static void main(String[] args) throws Exception {
    Logger.getLogger("").setLevel(Level.SEVERE);
    Path directory = Path.of(args[1]);
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(directory.toString());
    tomcat.setPort(Integer.parseInt(args[0]));
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    // CGIServlet looks for programs in the files of its context, so copy them there.
    Path root = Files.createDirectories(directory.resolve("root"));
    if (!Files.exists(root.resolve("programs"))) {
      Path copies = Files.createDirectory(root.resolve("programs"));
      try (var programs = Files.newDirectoryStream(Path.of(args[2]))) {
        for (Path program : programs) {
          Path copy = Files.copy(program, copies.resolve(program.getFileName().toString()));
          Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(program));
        }
      }
    }
    Context context = tomcat.addContext("", new File(root.toString()).getAbsolutePath());
    context.setPrivileged(true);
    Wrapper servlet = Tomcat.addServlet(context, "cgi", new CGIServlet());
    servlet.addInitParameter("cgiPathPrefix", "programs");
    servlet.addInitParameter("executable", "");
    servlet.addInitParameter("enableCmdLineArguments", "false");
    // php-cgi refuses a request without this variable as an attack.
    servlet.addInitParameter("environment-variable-REDIRECT_STATUS", "200");
    context.addServletMapping("/cgi/*", "cgi");
    tomcat.start();
    tomcat.getServer().await();
  }
}
