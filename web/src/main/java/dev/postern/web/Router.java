package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.Responder;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.internal.Escapes;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Applications by method and path.
 *
 * <pre>{@code
 * Router router =
 *     Router.builder()
 *         .get("/users/{id}", environ -> Responses.text(Router.parameter(environ, "id")))
 *         .post("/users", this::create)
 *         .build();
 * }</pre>
 *
 * <p>A template is a path below SCRIPT_NAME. {@code {id}} is one segment, {@code {path...}} at the
 * template's end is the rest of the path. If several templates match, a literal segment comes
 * before a parameter, and a parameter before the rest of the path, whatever the order of the calls.
 *
 * <p>HEAD goes to the application of GET unless HEAD has one of its own. The router answers OPTIONS
 * with 204 and {@code Allow}, unless OPTIONS has an application. Another method that the path does
 * not have gets a 405 with {@code Allow}. A path that no template matches gets a 404.
 *
 * <p>Closing the router closes the applications. Immutable, thread-safe.
 */
@SuppressWarnings("try") // close() throws what the applications' close() throws.
public final class Router implements Application, AutoCloseable {
  private static final String PARAMETERS = "web.route";

  private record Route(PathTemplate template, Map<String, Application> methods) {}

  private final List<Route> routes;
  private final @Nullable Application otherwise;

  private Router(List<Route> routes, @Nullable Application otherwise) {
    this.routes = routes;
    this.otherwise = otherwise;
  }

  /** Options for a router. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * The value of a parameter of the template that the request was routed by, decoded as UTF-8.
   *
   * @throws IllegalStateException when the template has no such parameter
   * @throws HttpException with status 400 when the bytes are no UTF-8
   */
  public static String parameter(Environ environ, String name) {
    if (environ.get(PARAMETERS) instanceof Map<?, ?> values
        && values.get(name) instanceof String bytes) {
      String text = Ascii.utf8(bytes);
      if (text == null) {
        throw new HttpException(400, "path must be UTF-8");
      }
      return text;
    }
    throw new IllegalStateException("route must have the parameter " + Escapes.quote(name));
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    String path = environ.variable("PATH_INFO");
    String method = environ.method();
    TreeSet<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      Map<String, String> parameters = new HashMap<>();
      if (route.template.match(path == null ? "" : path, parameters)) {
        Application application = application(route, method);
        if (application != null) {
          environ.put(PARAMETERS, merged(environ, parameters));
          return application.call(environ, startResponse);
        }
        allowed.addAll(route.methods.keySet());
      }
    }
    if (allowed.isEmpty()) {
      if (otherwise != null) {
        return otherwise.call(environ, startResponse);
      }
      return Responses.send(Responses.status(404), startResponse);
    }
    allowed.add("OPTIONS");
    if (allowed.contains("GET")) {
      allowed.add("HEAD");
    }
    Response response = Responses.status(method.equals("OPTIONS") ? 204 : 405);
    String allow = String.join(", ", allowed);
    return Responses.send(response.withHeader("Allow", allow), startResponse);
  }

  private static @Nullable Application application(Route route, String method) {
    Application application = route.methods.get(method);
    return application == null && method.equals("HEAD") ? route.methods.get("GET") : application;
  }

  /** A router inside of another one sees the parameters of both. */
  private static Map<String, String> merged(Environ environ, Map<String, String> parameters) {
    if (environ.get(PARAMETERS) instanceof Map<?, ?> outer) {
      for (Map.Entry<?, ?> entry : outer.entrySet()) {
        if (entry.getKey() instanceof String name && entry.getValue() instanceof String value) {
          parameters.putIfAbsent(name, value);
        }
      }
    }
    return Map.copyOf(parameters);
  }

  /** Closes the applications that can be closed, each once. */
  @Override
  public void close() throws Exception {
    List<Application> applications = new ArrayList<>();
    for (Route route : routes) {
      applications.addAll(route.methods.values());
    }
    if (otherwise != null) {
      applications.add(otherwise);
    }
    UrlMap.closeAll(applications);
  }

  @Override
  public String toString() {
    return "Router[" + routes.size() + " templates]";
  }

  /** Collects routes. Not thread-safe. */
  public static final class Builder {
    private final TreeMap<PathTemplate, Map<String, Application>> routes = new TreeMap<>();
    private @Nullable Application otherwise;

    private Builder() {}

    /** Answers GET, and HEAD. */
    public Builder get(String template, Responder responder) {
      return route("GET", template, Application.of(responder));
    }

    /** Answers POST. */
    public Builder post(String template, Responder responder) {
      return route("POST", template, Application.of(responder));
    }

    /** Answers PUT. */
    public Builder put(String template, Responder responder) {
      return route("PUT", template, Application.of(responder));
    }

    /** Answers PATCH. */
    public Builder patch(String template, Responder responder) {
      return route("PATCH", template, Application.of(responder));
    }

    /** Answers DELETE. */
    public Builder delete(String template, Responder responder) {
      return route("DELETE", template, Application.of(responder));
    }

    /**
     * Answers a method at a path.
     *
     * @param method such as {@code GET}; case counts
     * @param template such as {@code /users/{id}}, or "" for a request without PATH_INFO
     * @throws IllegalArgumentException when the template is malformed, or an equal template has
     *     that method already
     */
    public Builder route(String method, String template, Application application) {
      if (!Text.isToken(method)) {
        throw new IllegalArgumentException("method must be a token: " + Escapes.quote(method));
      }
      requireNonNull(application, "application");
      PathTemplate parsed = PathTemplate.parse(template);
      PathTemplate known = routes.floorKey(parsed);
      if (known != null && known.compareTo(parsed) == 0 && !known.toString().equals(template)) {
        throw new IllegalArgumentException(
            "template must name its parameters as the equal one does: "
                + Escapes.quote(template)
                + ", "
                + Escapes.quote(known.toString()));
      }
      Map<String, Application> methods = routes.get(parsed);
      if (methods == null) {
        methods = new LinkedHashMap<>();
        routes.put(parsed, methods);
      }
      if (methods.putIfAbsent(method, application) != null) {
        throw new IllegalArgumentException(
            "route must be there once: " + method + " " + Escapes.quote(template));
      }
      return this;
    }

    /** Answers requests that no template matches; they get a 404 by default. */
    public Builder otherwise(Application application) {
      otherwise = requireNonNull(application, "application");
      return this;
    }

    /** The router. */
    public Router build() {
      List<Route> list = new ArrayList<>();
      for (Map.Entry<PathTemplate, Map<String, Application>> entry : routes.entrySet()) {
        list.add(new Route(entry.getKey(), Map.copyOf(entry.getValue())));
      }
      return new Router(List.copyOf(list), otherwise);
    }
  }
}
