package dev.postern.servlet;

import dev.postern.servlet.init.InitParameters;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How a gateway serves: what its init parameters say, or else its builder. Immutable.
 *
 * @param deadline null for none
 * @param maxBody -1 for none
 * @param variables the functions of CGI variables, which are called when somebody looks
 * @param extensions the functions of extension objects, by keys with a dot
 */
record GatewayOptions(
    boolean watch,
    @Nullable Duration deadline,
    long maxBody,
    Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> variables,
    Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> extensions) {
  static final String VARIABLE = "variable.";

  static GatewayOptions of(GatewayBuilder<?> builder, InitParameters parameters)
      throws ServletException {
    String watch = parameters.text("watch");
    if (watch != null && !watch.equals("true") && !watch.equals("false")) {
      throw InitParameters.refused("watch", "must be true or false", watch);
    }
    Duration deadline = parameters.duration("deadline");
    long maxBody = parameters.bytes("maxBody");
    Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> all =
        new LinkedHashMap<>(builder.variables);
    for (Map.Entry<String, String> entry : parameters.startingWith(VARIABLE).entrySet()) {
      all.put(entry.getKey(), source(entry.getKey(), entry.getValue()));
    }
    Map<String, Function<HttpServletRequest, ? extends @Nullable Object>> variables =
        new LinkedHashMap<>(all);
    variables.keySet().removeIf(name -> name.indexOf('.') >= 0);
    all.keySet().removeIf(name -> name.indexOf('.') < 0);
    return new GatewayOptions(
        watch == null ? builder.watch : watch.equals("true"),
        deadline == null ? builder.deadline : deadline,
        maxBody < 0 ? builder.maxBody : maxBody,
        variables,
        all);
  }

  private static Function<HttpServletRequest, ? extends @Nullable Object> source(
      String name, String word) throws ServletException {
    try {
      GatewayVariables.check(name);
    } catch (IllegalArgumentException e) {
      throw InitParameters.refused(VARIABLE + name, "must be allowed: " + e.getMessage(), null);
    }
    Function<HttpServletRequest, ? extends @Nullable Object> source = GatewayVariables.source(word);
    if (source == null) {
      throw InitParameters.refused(
          VARIABLE + name, "must be one of " + GatewayVariables.SOURCES, word);
    }
    return source;
  }
}
