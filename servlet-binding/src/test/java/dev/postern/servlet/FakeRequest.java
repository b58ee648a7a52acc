package dev.postern.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletMapping;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.MappingMatch;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A request that answers what it was told, by the names of the methods. */
final class FakeRequest {
  final Map<String, Object> answers = new HashMap<>();
  final Map<String, Object> attributes = new HashMap<>();
  final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  FakeRequest(String contextPath, String servletPath, String pathInfo, String uri) {
    answers.put("getMethod", "GET");
    answers.put("getProtocol", "HTTP/1.1");
    answers.put("getDispatcherType", DispatcherType.REQUEST);
    answers.put("getContextPath", contextPath);
    answers.put("getServletPath", servletPath);
    answers.put("getPathInfo", pathInfo);
    answers.put("getRequestURI", uri);
    answers.put("getHttpServletMapping", mapping(MappingMatch.PATH));
  }

  FakeRequest with(String method, Object answer) {
    answers.put(method, answer);
    return this;
  }

  FakeRequest withAttribute(String name, Object value) {
    attributes.put(name, value);
    return this;
  }

  FakeRequest withHeader(String name, String... values) {
    headers.put(name, List.of(values));
    return this;
  }

  HttpServletRequest request() {
    return (HttpServletRequest)
        Proxy.newProxyInstance(
            FakeRequest.class.getClassLoader(),
            new Class<?>[] {HttpServletRequest.class},
            (proxy, method, arguments) -> answer(method, arguments));
  }

  private Object answer(Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "getAttribute" -> attributes.get(arguments[0]);
      case "getHeaderNames" -> Collections.enumeration(headers.keySet());
      case "getHeaders" -> Collections.enumeration(headers.getOrDefault(arguments[0], List.of()));
      case "getHeader" ->
          headers.containsKey(arguments[0]) ? headers.get(arguments[0]).get(0) : null;
      default -> {
        Object answer = answers.get(method.getName());
        yield answer != null || !method.getReturnType().isPrimitive()
            ? answer
            : method.getReturnType() == boolean.class
                ? (Object) false
                : method.getReturnType() == long.class ? (Object) 0L : (Object) 0;
      }
    };
  }

  static HttpServletMapping mapping(MappingMatch match) {
    return (HttpServletMapping)
        Proxy.newProxyInstance(
            FakeRequest.class.getClassLoader(),
            new Class<?>[] {HttpServletMapping.class},
            (proxy, method, arguments) ->
                method.getName().equals("getMappingMatch") ? match : null);
  }
}
