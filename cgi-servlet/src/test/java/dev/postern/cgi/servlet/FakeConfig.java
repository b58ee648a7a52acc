package dev.postern.cgi.servlet;

import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;

/** What a container tells a servlet at its start: init parameters, and where it has unpacked it. */
final class FakeConfig implements ServletConfig {
  final List<String> logged = new ArrayList<>();
  private final Map<String, String> parameters;

  /** Null where the web application is not unpacked. */
  private final Path root;

  FakeConfig(Path root, Map<String, String> parameters) {
    this.root = root;
    this.parameters = parameters;
  }

  @Override
  public String getServletName() {
    return "cgi";
  }

  /** One that knows its real path, its log and its container's name, and throws at all else. */
  @Override
  public ServletContext getServletContext() {
    return (ServletContext)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {ServletContext.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getRealPath" -> root == null ? null : root.toString();
                  case "getServerInfo" -> "Fake/1.0";
                  case "log" -> logged.add(arguments[0].toString()) ? null : null;
                  default -> throw new UnsupportedOperationException(method.toString());
                });
  }

  @Override
  public String getInitParameter(String name) {
    return parameters.get(name);
  }

  @Override
  public Enumeration<String> getInitParameterNames() {
    return Collections.enumeration(parameters.keySet());
  }
}
