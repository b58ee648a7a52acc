package dev.postern.servlet;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.GatewayException;
import dev.postern.Outcome;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import org.jspecify.annotations.Nullable;

/**
 * A servlet that calls an {@link Application}: in a context, {@code SCRIPT_NAME} is the context's
 * path and the servlet's, {@code PATH_INFO} what follows.
 *
 * <p>A container calls it, for all methods alike, on its own thread, which the request keeps until
 * the response is sent and its body closed; the application is called by many threads at once
 * ({@code postern.multithread}). {@code postern.multiprocess} is false: the Servlet API does not
 * tell whether a context is distributed.
 *
 * <p><b>Paths.</b> {@code PATH_INFO} has the bytes that were sent, decoded once, with empty
 * segments and {@code ;parameters}. Where the container found another path than that (it resolves
 * {@code ..}, and Undertow leaves {@code %2F} and {@code %5C} alone), its path info counts, in
 * UTF-8: the application and the container's security constraints always speak of the same path.
 * The servlet that is mapped to {@code /} gets the whole path in {@code PATH_INFO}, as with {@code
 * /*}. After a forward and in an include, the path is the target's; {@code REQUEST_URI} is always
 * what the client sent.
 *
 * <p><b>Variables.</b> Those of RFC 3875 4.1 but {@code REMOTE_IDENT} and {@code PATH_TRANSLATED},
 * and {@code HTTPS}, {@code REMOTE_PORT}, {@code REQUEST_SCHEME}, {@code REQUEST_URI}, {@code
 * SERVER_ADDR}. {@code REMOTE_HOST} is the address: no name is looked up. {@code REMOTE_USER} and
 * {@code AUTH_TYPE} are the container's own authentication; {@code HTTP_AUTHORIZATION} is passed
 * on, so that an application may check it. {@code SERVER_PORT} is the port of the connection. A
 * request with two {@code Host}, {@code Content-Length}, {@code Content-Type} or {@code
 * Authorization} headers, or a malformed {@code Host}, is a 400.
 *
 * <p><b>Filters.</b> Headers that filters have set stay; an application's are added, and replace
 * those that a response has once. A body that a filter has read is made again where the container
 * has kept it: a form from its parameters, a multipart body from its parts. Any other body that is
 * gone is a 500, and the log says why.
 *
 * <p><b>Error pages.</b> Where a container dispatches an error to the servlet, {@code
 * REDIRECT_STATUS} and {@code REDIRECT_URL} say what has failed. An application that starts 200
 * there keeps the status of the error.
 *
 * <p><b>Errors.</b> {@code postern.errors} is {@link jakarta.servlet.ServletContext#log(String)},
 * where the operators of a container look for what a web application says: an entry for each line,
 * in pieces of 8 KiB. A line on each request that failed or was refused also goes to the logger
 * {@code dev.postern} of {@link System#getLogger}: as WARNING for a 5xx and a response that was
 * cut, INFO for other refusals, DEBUG where the client has gone.
 *
 * <p><b>Cut responses.</b> A response that cannot be completed is cut so that a client sees it: it
 * ends before its Content-Length or without its last chunk, and under HTTP/2 in a reset stream. Two
 * cases are beyond a servlet: with HTTP/1.0, a response of unknown length looks whole; so it does
 * with HTTP/2 on Undertow.
 *
 * <p><b>Clients that leave.</b> The request is cancelled when a write to its client fails. On
 * Linux, it is also cancelled within 5 s after the client has reset its connection, while nothing
 * is written: the gateway looks for the connections of requests older than 50 ms in {@code
 * /proc/net/tcp}. Where the container tells another address than that of the connection (behind a
 * proxy, with a valve or filter that reads {@code X-Forwarded-For}), it does not look. A client
 * that has only ended its own side still gets its response. {@link Builder#watch} and the init
 * parameter {@code watch} turn this off.
 *
 * <p><b>Includes.</b> An included application's status and headers are dropped, as the Servlet
 * specification demands; the including servlet must use the output stream, not the writer. When the
 * application fails, the including servlet gets an {@link IOException}.
 *
 * <p>Thread-safe.
 */
public class ServletGateway extends HttpServlet {
  private static final long serialVersionUID = 1;

  /**
   * The name of a request attribute: the Content-Type that the application has started, a String.
   * Containers write a media type in a form of their own ({@code text/html;charset=utf-8}); a
   * connector that can replace fields of a response may put this value back, as {@code postern
   * serve} does.
   */
  public static final String CONTENT_TYPE = "dev.postern.content_type";

  /** The name of the init parameter that names the application's class. */
  private static final String APPLICATION = "application";

  /** The name of the init parameter that turns the watch over clients off. */
  private static final String WATCH = "watch";

  private final boolean watching;
  private transient @Nullable Application application;
  private transient String software = "Postern";

  private transient @Nullable ClientWatch watch;

  /** {@link #init} has created the application. */
  private transient boolean created;

  /**
   * For a container, as from a {@code web.xml}: {@link #init} creates the application whose class
   * the init parameter {@code application} names. It is loaded by the thread's context class
   * loader, needs a public constructor without arguments, and is closed by {@link #destroy} where
   * it is {@link AutoCloseable}.
   */
  public ServletGateway() {
    watching = true;
  }

  /**
   * A servlet that calls {@code application}. {@link #destroy} closes it where it is {@link
   * AutoCloseable}, such as a {@code CgiDirectory}.
   */
  public ServletGateway(Application application) {
    this(builder(application));
  }

  /** For subclasses, such as one with a {@code @WebServlet} annotation. */
  protected ServletGateway(Builder builder) {
    application = builder.application;
    watching = builder.watch;
  }

  /** A servlet that calls {@code application}, with options. */
  public static Builder builder(Application application) {
    return new Builder(requireNonNull(application, "application"));
  }

  /** Options of a servlet. Not thread-safe. */
  public static final class Builder {
    private final Application application;
    private boolean watch = true;

    private Builder(Application application) {
      this.application = application;
    }

    /**
     * Whether to look for clients that have reset their connection while nothing is sent to them,
     * and to cancel their requests; true by default. The looks of all servlets of a web application
     * take at most 2 % of one processor. Without it, such a client is noticed by the next write.
     */
    public Builder watch(boolean newWatch) {
      watch = newWatch;
      return this;
    }

    /** The servlet. */
    public ServletGateway build() {
      return new ServletGateway(this);
    }
  }

  /**
   * Called by the container, once, before all requests.
   *
   * @throws ServletException when the servlet was made without an application and the init
   *     parameter names none, or when {@code watch} is neither {@code true} nor {@code false}
   */
  @Override
  public void init() throws ServletException {
    software = software(getServletContext().getServerInfo());
    boolean watches = watching && watchParameter();
    if (application == null) {
      application = applicationOf(getServletConfig());
      created = true;
    }
    watch = watches ? ClientWatch.acquire() : null;
  }

  private Application applicationOf(ServletConfig config) throws ServletException {
    try {
      return requireNonNull(application(config), "application");
    } catch (ServletException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new ServletException("application must be made: " + e, e);
    }
  }

  /**
   * Makes the application of a servlet that has none. {@link #init} calls it once, with what the
   * container was configured with. A subclass may override it, to look at init parameters and at
   * the context; what it returns is closed by {@link #destroy} where it is {@link AutoCloseable}.
   * The standard one creates the class that the init parameter {@code application} names.
   *
   * @throws Exception to stop the servlet from starting; a message says which parameter is wrong
   */
  protected Application application(ServletConfig config) throws Exception {
    return create(config.getInitParameter(APPLICATION));
  }

  /**
   * Whether every servlet of this kind has an init parameter of that name, so that a subclass may
   * refuse all names but these and its own.
   */
  protected static boolean isStandardParameter(String name) {
    return name.equals(APPLICATION) || name.equals(WATCH);
  }

  private boolean watchParameter() throws ServletException {
    String value = getInitParameter(WATCH);
    String word = value == null ? "true" : value.trim();
    if (!word.equals("true") && !word.equals("false")) {
      throw new ServletException(
          "init parameter " + WATCH + " must be true or false: \"" + value + "\"");
    }
    return word.equals("true");
  }

  /**
   * Called by the container, once, after all requests. Closes an application that is {@link
   * AutoCloseable}, and ends the thread that watches clients with the last servlet.
   */
  @Override
  public void destroy() {
    if (watch != null) {
      watch = null;
      ClientWatch.release();
    }
    Application closed = application;
    if (created) {
      application = null;
      created = false;
    }
    try {
      if (closed instanceof AutoCloseable closeable) {
        closeable.close();
      }
    } catch (Exception e) {
      log("postern: application must close", e);
    }
  }

  /**
   * Answers one request, whatever its method is.
   *
   * @throws IOException when the response was cut: the container then drops the connection
   */
  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    RequestVariables variables = new RequestVariables(request, software);
    ServletSink sink = new ServletSink(request, response);
    RequestBody body = variables.body();
    PrintWriter errors = ErrorLog.of(this::log);
    Environ environ =
        Environ.builder(variables).input(body).errors(errors).scheme(variables.scheme()).build();
    String fault = variables.fault();
    Exchange exchange = Exchange.of(environ, sink);
    ClientWatch.Watched watched = watch == null ? null : watch.begin(exchange, request);
    try {
      Application called =
          fault == null ? requireNonNull(application, "application") : refusal(fault);
      Outcome outcome =
          exchange.run(
              sink.isIncluded() ? new IncludedApplication(called, sink::dropIncluded) : called);
      Throwable failure = outcome.failure();
      if (failure != null) {
        boolean gone =
            !outcome.complete() && (sink.isRefused() || failure instanceof ClientGoneException);
        FailureLog.report(variables, outcome, failure, gone);
      }
    } finally {
      if (watch != null) {
        watch.end(watched);
      }
    }
    errors.flush();
    IOException cut = sink.cut();
    if (cut != null) {
      throw cut;
    }
    body.drain();
  }

  private static Application refusal(String fault) {
    return (environ, startResponse) -> {
      throw new GatewayException(400, fault);
    };
  }

  private static Application create(@Nullable String name) throws ServletException {
    if (name == null || name.isBlank()) {
      throw new ServletException(
          "init parameter " + APPLICATION + " must name an Application: none is given");
    }
    try {
      return load(name.trim()).asSubclass(Application.class).getConstructor().newInstance();
    } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
      // Not as its cause: containers show the innermost cause, and then nothing of this text.
      ServletException unusable =
          new ServletException(
              "init parameter "
                  + APPLICATION
                  + " must name an Application that has a public constructor without arguments: \""
                  + name
                  + "\": "
                  + (e instanceof InvocationTargetException ? e.getCause() : e));
      unusable.addSuppressed(e);
      throw unusable;
    }
  }

  private static Class<?> load(String name) throws ClassNotFoundException {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return Class.forName(
        name, true, context == null ? ServletGateway.class.getClassLoader() : context);
  }

  /** {@code product "/" version} (RFC 3875 4.1.17) of "Apache Tomcat/11.0.1" and its like. */
  static String software(@Nullable String serverInfo) {
    StringBuilder product = new StringBuilder();
    for (String word : (serverInfo == null ? "" : serverInfo).split("[^\\w.+-]+", -1)) {
      if (!word.isEmpty() && Character.isDigit(word.charAt(0))) {
        return product.isEmpty() ? "Postern" : product + "/" + word;
      }
      if (word.matches("\\w.*")) {
        product.append(product.isEmpty() ? "" : "-").append(word);
      }
    }
    return product.isEmpty() ? "Postern" : product.toString();
  }
}
