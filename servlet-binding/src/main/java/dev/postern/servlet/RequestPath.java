package dev.postern.servlet;

import static jakarta.servlet.RequestDispatcher.ERROR_REQUEST_URI;
import static jakarta.servlet.RequestDispatcher.FORWARD_QUERY_STRING;
import static jakarta.servlet.RequestDispatcher.FORWARD_REQUEST_URI;
import static jakarta.servlet.RequestDispatcher.INCLUDE_CONTEXT_PATH;
import static jakarta.servlet.RequestDispatcher.INCLUDE_MAPPING;
import static jakarta.servlet.RequestDispatcher.INCLUDE_PATH_INFO;
import static jakarta.servlet.RequestDispatcher.INCLUDE_QUERY_STRING;
import static jakarta.servlet.RequestDispatcher.INCLUDE_REQUEST_URI;
import static jakarta.servlet.RequestDispatcher.INCLUDE_SERVLET_PATH;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletMapping;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.MappingMatch;
import org.jspecify.annotations.Nullable;

/**
 * Where a request leads: SCRIPT_NAME, PATH_INFO, QUERY_STRING and REQUEST_URI, bytes as chars.
 *
 * <p>For an include they are those of the included path, which the container keeps in attributes;
 * for a forward those of the path forwarded to. REQUEST_URI is always what the client sent.
 */
record RequestPath(String script, String info, String query, String uri) {

  static RequestPath of(HttpServletRequest request) {
    DispatcherType type = request.getDispatcherType();
    String uri = request.getRequestURI();
    String query = request.getQueryString();
    if (type == DispatcherType.REQUEST) {
      return of(
          request.getHttpServletMapping(),
          request.getContextPath(),
          request.getServletPath(),
          request.getPathInfo(),
          uri,
          query,
          target(uri, query));
    }
    String sent = sent(request, uri, query);
    String included = attribute(request, INCLUDE_SERVLET_PATH);
    if (type != DispatcherType.INCLUDE || included == null) {
      return of(
          request.getHttpServletMapping(),
          request.getContextPath(),
          request.getServletPath(),
          request.getPathInfo(),
          uri,
          query,
          sent);
    }
    String includedQuery = attribute(request, INCLUDE_QUERY_STRING);
    return of(
        request.getAttribute(INCLUDE_MAPPING) instanceof HttpServletMapping mapping
            ? mapping
            : null,
        attribute(request, INCLUDE_CONTEXT_PATH),
        included,
        attribute(request, INCLUDE_PATH_INFO),
        attribute(request, INCLUDE_REQUEST_URI),
        includedQuery == null ? query : includedQuery,
        sent);
  }

  private static RequestPath of(
      @Nullable HttpServletMapping mapping,
      @Nullable String contextPath,
      @Nullable String servletPath,
      @Nullable String pathInfo,
      @Nullable String uri,
      @Nullable String query,
      String sent) {
    String context = contextPath(contextPath == null ? "" : contextPath);
    String servlet = Bytes.ofText(servletPath == null ? "" : servletPath);
    String info = pathInfo;
    MappingMatch match = mapping == null ? null : mapping.getMappingMatch();
    // The servlet at "/" answers for whatever nobody else does: all of it is the path below it. So
    // is the slash that the mapping "" stands for; Undertow has that as the servlet's path, too.
    if ((match == MappingMatch.DEFAULT || match == MappingMatch.CONTEXT_ROOT) && info == null) {
      info = servletPath;
      servlet = "";
    }
    String script = context + servlet;
    return new RequestPath(
        script,
        info == null ? "" : PathInfo.of(uri, script, Bytes.ofText(info)),
        query == null ? "" : Bytes.ofText(query),
        sent);
  }

  /** The container hands the context's path over as it stands in the request. */
  private static String contextPath(String raw) {
    String plain = raw.indexOf(';') < 0 ? raw : PathInfo.withoutParameters(raw);
    String decoded = Bytes.decoded(plain);
    return decoded == null ? Bytes.ofText(plain) : decoded;
  }

  /** What the client sent, of a request that another servlet has passed on. */
  private static String sent(HttpServletRequest request, String uri, @Nullable String query) {
    String forwarded = attribute(request, FORWARD_REQUEST_URI);
    if (forwarded != null) {
      return target(forwarded, attribute(request, FORWARD_QUERY_STRING));
    }
    String failed = attribute(request, ERROR_REQUEST_URI);
    return failed == null ? target(uri, query) : target(failed, query);
  }

  private static String target(String uri, @Nullable String query) {
    return Bytes.ofText(query == null ? uri : uri + "?" + query);
  }

  private static @Nullable String attribute(HttpServletRequest request, String name) {
    return request.getAttribute(name) instanceof String value ? value : null;
  }
}
