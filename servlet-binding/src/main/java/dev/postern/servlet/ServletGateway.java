package dev.postern.servlet;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A servlet that calls an {@link Application}. {@code SCRIPT_NAME} is the context's path and the
 * servlet's path; {@code PATH_INFO} is what follows.
 *
 * <p>A container calls the servlet for all methods, on a thread of the container. The request keeps
 * that thread until the response is sent and its body closed, unless there is an {@link
 * Builder#executor}. Many threads call the application at once ({@code postern.multithread}).
 * {@code postern.multiprocess} is false, because the Servlet API does not tell whether a context is
 * distributed.
 *
 * <p><b>Paths.</b> {@code PATH_INFO} has the bytes that were sent, decoded once, with empty
 * segments and {@code ;parameters}. If the container found another path (it resolves {@code ..},
 * and Undertow leaves {@code %2F} and {@code %5C} alone), the container's path info counts, in
 * UTF-8. So the application and the container's security constraints always see the same path. The
 * servlet that is mapped to {@code /} gets the whole path in {@code PATH_INFO}, as with {@code /*}.
 * After a forward and in an include, the path is the target's; {@code REQUEST_URI} is always what
 * the client sent.
 *
 * <p><b>Variables.</b> A request has those of RFC 3875 4.1 except {@code REMOTE_IDENT} and {@code
 * PATH_TRANSLATED}. It also has {@code HTTPS}, {@code REMOTE_PORT}, {@code REQUEST_SCHEME}, {@code
 * REQUEST_URI} and {@code SERVER_ADDR}. {@code REMOTE_HOST} is the address, because the gateway
 * looks up no name. {@code REMOTE_USER} and {@code AUTH_TYPE} come from the container's own
 * authentication. {@code HTTP_AUTHORIZATION} is passed on, so that an application may check it.
 * {@code SERVER_PORT} is the port of the connection. A request with two {@code Host}, {@code
 * Content-Length}, {@code Content-Type} or {@code Authorization} headers, or with a malformed
 * {@code Host}, gets a 400.
 *
 * <p><b>Filters.</b> Headers that filters have set stay. The application's headers are added to
 * them; only a header that a response may have once is replaced. If a filter has read the body and
 * the container has kept it, the gateway makes the body again: a form from its parameters, a
 * multipart body from its parts. If an application reads any other body that a filter has read, the
 * client gets a 500, and the log says why.
 *
 * <p><b>Error pages.</b> If a container dispatches an error to the servlet, {@code
 * REDIRECT_STATUS}, {@code REDIRECT_URL} and {@code REDIRECT_REQUEST_METHOD} say what has failed.
 * The application gets a GET (or a HEAD) without a body, and without {@code Range} and the
 * conditions such as {@code If-None-Match}, because these were about another resource. If the
 * application then starts 200, the response keeps the status of the error.
 *
 * <p><b>Errors.</b> {@code postern.errors} writes to {@link
 * jakarta.servlet.ServletContext#log(String)}, where the operators of a container look for messages
 * of a web application. Each line is an entry, in pieces of 8 KiB. For each request that failed or
 * was refused, one line also goes to the logger {@code dev.postern} of {@link System#getLogger}.
 * Its level is WARNING for a 5xx and for a response that was cut, INFO for other refusals, and
 * DEBUG if the client is gone.
 *
 * <p><b>Cut responses.</b> A response that cannot be completed is cut so that a client sees it. It
 * ends before its Content-Length or without its last chunk, and under HTTP/2 in a reset stream. In
 * two cases a servlet cannot do that, and a cut response of unknown length looks whole: with
 * HTTP/1.0, and with HTTP/2 on Undertow.
 *
 * <p><b>Clients that leave.</b> The gateway cancels a request when a write to its client fails. On
 * Linux, it also cancels a request within 5 s after the client has reset its connection, while
 * nothing is written. For that, the gateway looks for the connections of requests older than 50 ms
 * in {@code /proc/net/tcp}. This has no effect if the container tells another address than that of
 * the connection, as it does behind a proxy, with a valve or filter that reads {@code
 * X-Forwarded-For}. A client that has only ended its own side still gets its response. {@link
 * Builder#watch} and the init parameter {@code watch} turn this off.
 *
 * <p><b>Init parameters.</b> {@code application} is the name of a class. {@code watch}, {@code
 * deadline}, {@code maxBody} and {@code executor} are the builder's options, and {@code
 * variable.NAME} adds a variable: {@code principal}, {@code session}, {@code session-id}, {@code
 * session:ATTRIBUTE}, {@code attribute:ATTRIBUTE}, {@code locale}, {@code certificates}, {@code
 * certificate-subject}, {@code certificate-issuer} or {@code certificate-serial}. An unknown or
 * malformed parameter stops the servlet from starting. A subclass may have others.
 *
 * <p><b>Includes.</b> An included application gets no {@code Range}, no conditions and no {@code
 * Accept-Encoding}. Its status and headers are dropped, as the Servlet specification demands; the
 * including servlet must use the output stream, not the writer. If the application fails, the
 * including servlet gets an {@link IOException}.
 *
 * <p>Thread-safe.
 */
public class ServletGateway extends HttpServlet {
  private static final long serialVersionUID = 1;

  /**
   * The name of a request attribute: the Content-Type that the application has started, a String.
   * Containers write some media types in a form of their own ({@code text/html;charset=utf-8}). A
   * connector that can replace fields of a response may put this value back, as {@code postern
   * serve} does. The attribute is absent if no container has another form for the type, as for
   * {@code text/html}.
   */
  public static final String CONTENT_TYPE = "dev.postern.content_type";

  private final transient Builder builder;
  private transient @Nullable Application application;
  private transient @Nullable Serving serving;
  private transient @Nullable ExchangeThreads threads;

  /**
   * For a container, as from a {@code web.xml}: {@link #init} creates the application whose class
   * the init parameter {@code application} names. The thread's context class loader loads that
   * class, which needs a public constructor without arguments. If the application is {@link
   * AutoCloseable}, {@link #destroy} closes it.
   */
  public ServletGateway() {
    this(new Builder(null));
  }

  /**
   * A servlet that calls {@code application}. If the application is {@link AutoCloseable}, such as
   * a {@code CgiDirectory}, {@link #destroy} closes it. If several servlets call the same
   * application, the last of them closes it.
   */
  public ServletGateway(Application application) {
    this(builder(application));
  }

  /** For subclasses, such as one with a {@code @WebServlet} annotation. */
  protected ServletGateway(Builder builder) {
    this.builder = builder;
  }

  /** A servlet that calls {@code application}, with options. */
  public static Builder builder(Application application) {
    return new Builder(requireNonNull(application, "application"));
  }

  /** Options of a servlet. Not thread-safe. */
  public static final class Builder extends GatewayBuilder<Builder> {
    private @Nullable Executor executor;

    private Builder(@Nullable Application application) {
      super(application);
    }

    /**
     * Answers requests on threads of that executor, and gives the container's thread back at once.
     * The servlet must be registered with {@code asyncSupported}. The caller closes the executor.
     * By default a request keeps the container's thread. The init parameter {@code executor} is a
     * number of threads of their own, or {@code virtual} for virtual threads (Java 21). If the
     * executor rejects a request or has no thread for it, the client gets 503. Container time-outs
     * of asynchronous requests are turned off; use {@link #deadline} instead. It begins when the
     * request comes: if it is over before a thread takes the request, the client gets 503. Error
     * pages keep the container's thread. The caller's executor must not drop a request without a
     * call: the request would never end.
     */
    public Builder executor(Executor newExecutor) {
      executor = requireNonNull(newExecutor, "executor");
      return this;
    }

    /** The servlet. */
    public ServletGateway build() {
      return new ServletGateway(this);
    }

    @Override
    Builder self() {
      return this;
    }
  }

  /**
   * Called by the container, once, before all requests.
   *
   * @throws ServletException when the servlet was made without an application and the init
   *     parameter names none, or when an init parameter is unknown or malformed
   */
  @Override
  public void init() throws ServletException {
    InitParameters parameters = InitParameters.of(getServletConfig());
    GatewayOptions options = GatewayOptions.of(builder, parameters);
    threads = ExchangeThreads.of(builder.executor, parameters);
    parameters.text(Applications.APPLICATION);
    // A container does not destroy a servlet whose init has failed, so nobody would close an
    // application that is made before this check.
    if (getClass() == ServletGateway.class) {
      parameters.refuseOthers();
    }
    application =
        builder.application == null
            ? applicationOf(getServletConfig())
            : Applications.of(builder.application, InitParameters.of(getServletConfig()));
    serving =
        new Serving(
            application,
            options,
            Applications.software(getServletContext().getServerInfo()),
            this::log);
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
   * the context; if the result is {@link AutoCloseable}, {@link #destroy} closes it. This
   * implementation creates the class that the init parameter {@code application} names.
   *
   * @throws Exception to stop the servlet from starting; a message says which parameter is wrong
   */
  protected Application application(ServletConfig config) throws Exception {
    return Applications.named(InitParameters.of(config));
  }

  /**
   * The names of the init parameters that every servlet of this kind has, so that a subclass may
   * refuse all names but these and its own. A name with a star at its end is a prefix.
   */
  protected static Set<String> standardParameters() {
    return Set.of(
        Applications.APPLICATION,
        "watch",
        "deadline",
        "maxBody",
        ExchangeThreads.EXECUTOR,
        GatewayOptions.VARIABLE + "*");
  }

  /**
   * Called by the container, once, after all requests. Closes an application that is {@link
   * AutoCloseable}, if no other gateway serves it. With the last servlet, the thread that watches
   * clients ends.
   *
   * <p>A container may call this method while requests run that an {@link Builder#executor}
   * answers. Then requests that wait for a thread get a 503, and the method waits up to 5 s for
   * those that run. After that it closes the application, whose own time for running requests
   * begins then. At last it interrupts requests that run on threads of the init parameter {@code
   * executor}, and waits up to 2 s for these threads.
   */
  @Override
  public void destroy() {
    Serving ended = serving;
    ExchangeThreads used = threads;
    Application given = builder.application;
    if (used != null) {
      used.stop();
    }
    serving = null;
    application = null;
    threads = null;
    try {
      if (ended != null) {
        ended.close();
      } else if (given instanceof AutoCloseable closeable) {
        closeable.close();
      }
    } catch (Exception e) {
      log("postern: application must close", e);
    } finally {
      if (used != null) {
        used.close();
      }
    }
  }

  /**
   * Answers one request, whatever its method is.
   *
   * @throws IOException when the response was cut; the container then drops the connection
   */
  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (request.getDispatcherType() == DispatcherType.ASYNC) {
      IOException cut = AsideExchange.cut(request);
      if (cut != null) {
        throw cut;
      }
    }
    Serving answering = requireNonNull(serving, "servlet must be started");
    ExchangeThreads used = threads;
    if (used == null || !used.mayTake(request)) {
      answering.serve(request, response, null, null);
    } else {
      used.answer(answering, request, response);
    }
  }
}
