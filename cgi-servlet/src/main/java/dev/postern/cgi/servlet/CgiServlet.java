package dev.postern.cgi.servlet;

import dev.postern.Application;
import dev.postern.servlet.ServletGateway;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import java.util.Set;
import java.util.TreeSet;

/**
 * A servlet that runs CGI programs, configured by init parameters alone. It takes the place of
 * Tomcat's {@code org.apache.catalina.servlets.CGIServlet}. In a {@code web.xml}, only the name of
 * the class changes. The servlet runs in any container of Servlet 6.0 or 6.1, and needs no
 * privileged context.
 *
 * <p><b>Which program.</b> The servlet follows the path info below the directory that {@code
 * cgiPathPrefix} names in the web application ({@code WEB-INF/cgi} by default), and runs the first
 * regular file on that way. {@code SCRIPT_NAME} has the context's path, the servlet's and the
 * program's. The container has to unpack the web application. If it does not, the init parameter
 * {@code directory} must name a directory of the file system.
 *
 * <p><b>Parameters of CGIServlet</b>, with the meaning that they have there:
 *
 * <table>
 * <caption>Init parameters that Tomcat's CGIServlet has</caption>
 * <tr><th>name</th><th>default</th><th>what it is</th></tr>
 * <tr><td>{@code cgiPathPrefix}</td><td>{@code WEB-INF/cgi}</td>
 *     <td>where the programs are in the web application</td></tr>
 * <tr><td>{@code executable}</td><td>{@code perl}</td>
 *     <td>the command that runs the programs; empty if they run themselves</td></tr>
 * <tr><td>{@code executable-arg-1}, …</td><td>none</td><td>its arguments</td></tr>
 * <tr><td>{@code environment-variable-NAME}</td><td>none</td>
 *     <td>a variable for all programs</td></tr>
 * <tr><td>{@code envHttpHeaders}</td><td>see {@link #ENV_HTTP_HEADERS}</td>
 *     <td>a regular expression: which request headers programs get, by their names in capitals
 *     </td></tr>
 * <tr><td>{@code passShellEnvironment}</td><td>{@code false}</td>
 *     <td>whether programs get this process's variables</td></tr>
 * <tr><td>{@code cgiMethods}</td><td>{@code GET,POST}</td>
 *     <td>the methods that are served, or {@code *}; HEAD is served with GET</td></tr>
 * <tr><td>{@code stderrTimeout}</td><td>60 s</td>
 *     <td>milliseconds that a program may work on after the end of its output</td></tr>
 * <tr><td>{@code parameterEncoding}</td><td></td>
 *     <td>checked, but without effect, because no parameter becomes an argument</td></tr>
 * </table>
 *
 * <p>{@code enableCmdLineArguments} must be {@code false}, and {@code cmdLineArgumentsEncoded} and
 * {@code cmdLineArgumentsDecoded} are refused, because a query string never becomes a command line.
 *
 * <p><b>Further parameters</b> are the options of the builders of {@code CgiDirectory} and {@code
 * Isolation}, by their names: {@code headerTimeout}, {@code interpreter.pl}, {@code
 * isolation.memory} and so on, and {@code watch} of {@link ServletGateway}. The page "CGI programs
 * in a servlet container" of the documentation lists them. An unknown parameter, a malformed value,
 * or a parameter that contradicts another one stops the servlet from starting. The message has the
 * parameter's name and says what is allowed.
 *
 * <p>Thread-safe.
 */
public class CgiServlet extends ServletGateway {
  private static final long serialVersionUID = 1;

  /** The default of {@code envHttpHeaders}, as Tomcat documents it. */
  public static final String ENV_HTTP_HEADERS =
      "ACCEPT[-0-9A-Z]*|CACHE-CONTROL|COOKIE|HOST|IF-[-0-9A-Z]*|REFERER|USER-AGENT";

  /** For a container, which then configures the servlet by init parameters. */
  public CgiServlet() {}

  /**
   * Makes the application that the init parameters describe.
   *
   * @throws ServletException when a parameter is unknown, malformed or contradicts another one;
   *     when there is no such directory; when the web application is not unpacked
   */
  @Override
  protected Application application(ServletConfig config) throws ServletException {
    Set<String> others = new TreeSet<>(standardParameters());
    // Other parameters say which programs this servlet runs.
    others.remove("application");
    return ServletPrograms.of(config, others);
  }
}
