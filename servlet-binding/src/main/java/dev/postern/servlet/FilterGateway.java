package dev.postern.servlet;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Headers;
import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A filter that calls an {@link Application} in front of a web application. If the application
 * passes a request on, the rest of the chain answers it, for example static files or other
 * servlets.
 *
 * <p><b>Passing on.</b> The application passes a request on when it starts a response with status
 * 404 and the header {@link #PASS_ON}. With {@link Builder#passNotFound} every 404 is passed on,
 * such as that of a {@code CgiDirectory} that has no such program. The gateway takes the body of
 * such a response at most once, and sends nothing of the response. If the application has read none
 * of the request's body, the rest of the chain has all of it, also as parameters and parts. If the
 * application has read some, that is gone.
 *
 * <p><b>Bodies.</b> {@code CONTENT_LENGTH} is always the length that the client has sent. If
 * another filter has read a form before, and the form that the gateway makes again is of another
 * length, the application gets a 500 when it reads the body. This cannot happen with a form that a
 * browser has encoded. Put the gateway in front of such a filter.
 *
 * <p><b>Paths.</b> {@code SCRIPT_NAME} is the context's path and {@link Builder#prefix}; {@code
 * PATH_INFO} is what follows. If a request is outside of the prefix, or is an include, the rest of
 * the chain answers it without a call of the application.
 *
 * <p>All else is as {@link ServletGateway} says. In a {@code web.xml}, the init parameters are
 * {@code application}, {@code prefix}, {@code passNotFound}, and those of {@link GatewayBuilder}.
 *
 * <p>Thread-safe.
 */
public class FilterGateway extends HttpFilter {
  private static final long serialVersionUID = 1;

  /**
   * The header {@code X-Cascade: pass}. An application that starts a 404 with this header passes
   * the request on. Applications of other gateway interfaces use the same header. The client never
   * gets it.
   */
  public static final Headers PASS_ON = Headers.of("X-Cascade", "pass");

  private final transient Builder builder;
  private transient @Nullable Serving serving;
  private transient String prefix = "";
  private transient boolean passNotFound;

  /** For a container: the init parameter {@code application} names the application's class. */
  public FilterGateway() {
    this(new Builder(null));
  }

  /**
   * A filter that calls {@code application}. If the application is {@link AutoCloseable}, {@link
   * #destroy} closes it.
   */
  public FilterGateway(Application application) {
    this(builder(application));
  }

  /** For subclasses, such as one with a {@code @WebFilter} annotation. */
  protected FilterGateway(Builder builder) {
    this.builder = builder;
  }

  /** A filter that calls {@code application}, with options. */
  public static Builder builder(Application application) {
    return new Builder(requireNonNull(application, "application"));
  }

  /** Options of a filter. Not thread-safe. */
  public static final class Builder extends GatewayBuilder<Builder> {
    private String prefix = "";
    private boolean passNotFound;

    private Builder(@Nullable Application application) {
      super(application);
    }

    /**
     * The path in the context below which the application is, such as {@code /shop}; all of the
     * context by default.
     *
     * @throws IllegalArgumentException when it neither is empty nor starts with a slash, or ends in
     *     one
     */
    public Builder prefix(String path) {
      checkPrefix(path);
      prefix = path;
      return this;
    }

    /** Passes on every request whose answer is 404. */
    public Builder passNotFound() {
      passNotFound = true;
      return this;
    }

    /** The filter. */
    public FilterGateway build() {
      return new FilterGateway(this);
    }

    @Override
    Builder self() {
      return this;
    }

    private static void checkPrefix(String path) {
      if (!path.isEmpty() && (!path.startsWith("/") || path.endsWith("/"))) {
        throw new IllegalArgumentException(
            "prefix must start with a slash and not end in one: \"" + path + '"');
      }
    }
  }

  /**
   * Called by the container, once, before all requests.
   *
   * @throws ServletException when there is no application, or an init parameter is wrong
   */
  @Override
  public void init() throws ServletException {
    FilterConfig config = requireNonNull(getFilterConfig(), "filter must have its config");
    InitParameters parameters = parameters(config);
    GatewayOptions options = GatewayOptions.of(builder, parameters);
    String given = parameters.text("prefix");
    prefix = given == null ? builder.prefix : given;
    try {
      Builder.checkPrefix(prefix);
    } catch (IllegalArgumentException e) {
      throw InitParameters.refused("prefix", "must be allowed: " + e.getMessage(), null);
    }
    passNotFound = parameters.flag("passNotFound") || builder.passNotFound;
    parameters.text(Applications.APPLICATION);
    // A container does not destroy a filter whose init has failed, so nobody would close an
    // application that is made before this check.
    if (getClass() == FilterGateway.class) {
      parameters.refuseOthers();
    }
    Application application = Applications.of(builder.application, parameters(config));
    serving =
        new Serving(
            application,
            options,
            Applications.software(config.getServletContext().getServerInfo()),
            text -> config.getServletContext().log(text));
  }

  private static InitParameters parameters(FilterConfig config) {
    return InitParameters.of(config.getInitParameterNames(), config::getInitParameter);
  }

  /**
   * Called by the container, once, after all requests. Closes an application that is {@link
   * AutoCloseable}, if no other gateway serves it.
   */
  @Override
  public void destroy() {
    Serving ended = serving;
    serving = null;
    try {
      if (ended != null) {
        ended.close();
      }
    } catch (Exception e) {
      requireNonNull(getFilterConfig())
          .getServletContext()
          .log("postern: application must close", e);
    }
  }

  /**
   * Answers one request, or passes it on.
   *
   * @throws IOException when the response was cut; the container then drops the connection
   */
  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    RequestPath path =
        request.getDispatcherType() == DispatcherType.INCLUDE
            ? null
            : RequestPath.below(prefix, request);
    if (path != null) {
      Passing passing = new Passing(this::passes);
      requireNonNull(serving, "filter must be started").serve(request, response, path, passing);
      if (!passing.hasPassed()) {
        return;
      }
    }
    chain.doFilter(request, response);
  }

  private boolean passes(int status, Headers headers) {
    return status == 404 && (passNotFound || "pass".equalsIgnoreCase(headers.get("X-Cascade")));
  }
}
