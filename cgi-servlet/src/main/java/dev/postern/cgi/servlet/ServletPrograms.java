package dev.postern.cgi.servlet;

import dev.postern.Application;
import dev.postern.cgi.CgiDirectory;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The programs that a servlet's init parameters describe. This class reads those parameters that
 * Tomcat's CGIServlet has, and {@link HostParameters} those that are options of our builders.
 */
final class ServletPrograms {
  private static final String PREFIX = "cgiPathPrefix";
  private static final String DIRECTORY = "directory";
  private static final String EXECUTABLE = "executable";
  private static final String ARGUMENT = "executable-arg-";
  private static final String VARIABLE = "environment-variable-";

  private final ServletConfig config;
  private final InitParameters parameters;
  private final OwnedObjects owned = new OwnedObjects();

  private ServletPrograms(ServletConfig config) {
    this.config = config;
    this.parameters = InitParameters.of(config);
  }

  /**
   * The application.
   *
   * @param others names of parameters that are read elsewhere
   */
  static Application of(ServletConfig config, Set<String> others) throws ServletException {
    return new ServletPrograms(config).build(others);
  }

  /** The names of all parameters that are read here; a name with a star at its end is a prefix. */
  static Set<String> known(ServletConfig config) throws ServletException {
    ServletPrograms programs = new ServletPrograms(config);
    programs.build(Set.of()).close();
    return programs.parameters.known();
  }

  private SelectedHeaders build(Set<String> others) throws ServletException {
    try {
      return programs(others);
    } catch (IOException e) {
      throw closing(new ServletException("directory of programs must be there: " + e, e));
    } catch (IllegalStateException | IllegalArgumentException e) {
      // With e as the cause, containers would show only the innermost cause.
      ServletException refused = new ServletException(e.getMessage());
      refused.addSuppressed(e);
      throw closing(refused);
    } catch (ServletException e) {
      throw closing(e);
    }
  }

  /** Closes what was made, because the servlet does not start. */
  private ServletException closing(ServletException refused) {
    try {
      owned.close();
    } catch (IllegalStateException e) {
      refused.addSuppressed(e);
    }
    return refused;
  }

  private SelectedHeaders programs(Set<String> others) throws ServletException, IOException {
    CgiDirectory.Builder builder = CgiDirectory.builder(directory());
    refuseCommandLines();
    Pattern headers = headers();
    boolean authorization = parameters.flag("passAuthorization");
    boolean wanted = headers.matcher("AUTHORIZATION").matches();
    if (authorization || wanted) {
      builder.passAuthorization();
    }
    addExecutable(builder);
    addEnvironment(builder);
    addMethods(builder);
    addTimeout(builder);
    builder.fileVariable("X_TOMCAT_SCRIPT_PATH");
    addDocumentRoot(builder);
    HostParameters.apply(parameters, builder, owned::add);
    WorkerParameters workers = WorkerParameters.of(parameters);
    parameters.leave(others);
    parameters.refuseOthers();
    workers.apply(builder, owned::add);
    return new SelectedHeaders(builder.build(), owned, headers, authorization);
  }

  private Path directory() throws ServletException {
    boolean both = parameters.has(PREFIX) && parameters.has(DIRECTORY);
    Path directory = parameters.path(DIRECTORY);
    String prefix = parameters.text(PREFIX);
    if (both) {
      throw InitParameters.refused(
          DIRECTORY, "must not be given together with " + PREFIX, String.valueOf(directory));
    }
    if (directory != null) {
      return directory;
    }
    String inside = prefix == null ? "WEB-INF/cgi" : prefix;
    for (String segment : InitParameters.split(inside, "/")) {
      if (segment.equals("..") || segment.equals(".")) {
        throw InitParameters.refused(PREFIX, "must be a path in the web application", inside);
      }
    }
    Path root = root();
    if (root == null) {
      throw new ServletException(
          "web application must be unpacked, since programs cannot run from within a WAR: let the"
              + " container unpack it (unpackWARs=\"true\" in Tomcat), or give the init parameter "
              + DIRECTORY);
    }
    return root.resolve(String.join("/", InitParameters.split(inside, "/")));
  }

  /** Where the container has unpacked the web application; null when it has not. */
  private @Nullable Path root() {
    String real = config.getServletContext().getRealPath("/");
    return real == null ? null : Path.of(real);
  }

  private void refuseCommandLines() throws ServletException {
    if (parameters.flag("enableCmdLineArguments")) {
      throw InitParameters.refused(
          "enableCmdLineArguments",
          "must be false or left out: a query string never becomes a command line [R6]",
          "true");
    }
    for (String rest : parameters.startingWith("cmdLineArguments").keySet()) {
      throw InitParameters.refused(
          "cmdLineArguments" + rest,
          "must be left out: a query string never becomes a command line [R6]",
          null);
    }
    String encoding = parameters.text("parameterEncoding");
    try {
      if (encoding != null && !Charset.isSupported(encoding)) {
        throw InitParameters.refused("parameterEncoding", "must be a charset", encoding);
      }
    } catch (IllegalCharsetNameException e) {
      throw InitParameters.refused("parameterEncoding", "must be a charset", encoding);
    }
    // Older versions of Tomcat have this parameter, for the log. It is checked and has no effect.
    parameters.number("debug", 0);
  }

  private Pattern headers() throws ServletException {
    String expression = parameters.text("envHttpHeaders");
    try {
      return Pattern.compile(expression == null ? CgiServlet.ENV_HTTP_HEADERS : expression);
    } catch (PatternSyntaxException e) {
      throw InitParameters.refused(
          "envHttpHeaders",
          "must be a regular expression, and not " + e.getDescription(),
          expression);
    }
  }

  /** Sets the command that runs all files whose extension has no interpreter of its own. */
  private void addExecutable(CgiDirectory.Builder builder) throws ServletException {
    String executable = parameters.text(EXECUTABLE);
    List<String> arguments = arguments();
    Map<String, String> interpreters = parameters.startingWith("interpreter.");
    for (Map.Entry<String, String> entry : interpreters.entrySet()) {
      String name = "interpreter." + entry.getKey();
      List<String> words = InitParameters.split(entry.getValue(), "\\s+");
      HostParameters.checked(
          name,
          () -> builder.interpreter("." + entry.getKey(), InitParameters.command(name, words)));
    }
    if (executable == null && arguments.isEmpty() && !interpreters.isEmpty()) {
      return;
    }
    if (executable != null && executable.isEmpty()) {
      if (!arguments.isEmpty()) {
        throw InitParameters.refused(
            ARGUMENT + "1", "must not be given where " + EXECUTABLE + " is empty", null);
      }
      return;
    }
    List<String> command = new ArrayList<>();
    command.add(executable == null ? "perl" : executable);
    command.addAll(arguments);
    String rule =
        executable == null
            ? EXECUTABLE + " (perl by default; give it empty for programs that run themselves)"
            : EXECUTABLE;
    builder.interpreter(InitParameters.command(rule, command));
  }

  /** The arguments of the executable. Their parameters are numbered from 1, without a gap. */
  private List<String> arguments() throws ServletException {
    List<String> arguments = new ArrayList<>();
    for (int number = 1; parameters.has(ARGUMENT + number); number++) {
      arguments.add(String.valueOf(parameters.text(ARGUMENT + number)));
    }
    for (String rest : parameters.startingWith(ARGUMENT).keySet()) {
      throw InitParameters.refused(ARGUMENT + rest, "must be numbered from 1 without a gap", null);
    }
    return arguments;
  }

  private void addEnvironment(CgiDirectory.Builder builder) throws ServletException {
    if (parameters.flag("passShellEnvironment")) {
      System.getenv()
          .forEach(
              (name, value) -> {
                try {
                  builder.environment(name, value);
                } catch (IllegalArgumentException e) {
                  config
                      .getServletContext()
                      .log("postern: variable is not passed on: " + e.getMessage());
                }
              });
    }
    for (Map.Entry<String, String> variable : parameters.startingWith(VARIABLE).entrySet()) {
      HostParameters.checked(
          VARIABLE + variable.getKey(),
          () -> builder.environment(variable.getKey(), variable.getValue()));
    }
  }

  /**
   * Reads {@code cgiMethods}. A server that serves GET must serve HEAD as well (RFC 9110 9.1).
   * Tomcat's servlet runs the program for HEAD, too, without a word about it.
   */
  private void addMethods(CgiDirectory.Builder builder) throws ServletException {
    List<String> methods = parameters.words("cgiMethods");
    if (methods != null && methods.equals(List.of("*"))) {
      return;
    }
    Set<String> served = new LinkedHashSet<>(methods == null ? List.of("GET", "POST") : methods);
    if (served.contains("GET")) {
      served.add("HEAD");
    }
    builder.methods(served);
  }

  /**
   * Reads {@code stderrTimeout}, in milliseconds as in Tomcat. After that time, the program's
   * standard error is closed and the program is ended.
   */
  private void addTimeout(CgiDirectory.Builder builder) throws ServletException {
    boolean both = parameters.has("afterOutput");
    int millis = parameters.number("stderrTimeout", 0);
    if (millis >= 0 && both) {
      throw InitParameters.refused(
          "stderrTimeout", "must not be given together with afterOutput", Integer.toString(millis));
    }
    if (millis >= 0) {
      builder.afterOutput(Duration.ofMillis(Math.max(millis, 1)));
    }
  }

  /**
   * Makes the web application the document root by default. So PATH_TRANSLATED is below the web
   * application, as the Servlet API says.
   */
  private void addDocumentRoot(CgiDirectory.Builder builder) throws ServletException {
    Path given = parameters.path("documentRoot");
    Path root = given == null ? root() : given;
    if (root != null) {
      builder.documentRoot(root);
    }
  }
}
