package dev.postern.servlet;

import static jakarta.servlet.AsyncContext.ASYNC_QUERY_STRING;
import static jakarta.servlet.AsyncContext.ASYNC_REQUEST_URI;
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
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a request leads: SCRIPT_NAME, PATH_INFO, QUERY_STRING and REQUEST_URI, bytes as chars.
 *
 * <p>For an include, they are those of the included path, which the container keeps in attributes.
 * For a forward or an asynchronous dispatch, they are those of the path where the request goes.
 * REQUEST_URI is always what the client sent.
 *
 * @param exact whether all of these have the bytes that were sent. Jetty decodes the target before
 *     anybody sees it, so bytes that are not UTF-8 are lost
 */
record RequestPath(String script, String info, String query, String uri, boolean exact) {
  /** The char that decoders put in the place of bytes that are not UTF-8. */
  private static final char REPLACEMENT = '\ufffd';

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
          withoutSession(request, uri),
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

  /**
   * Where a request leads below the path {@code prefix} in the context, whatever servlet is mapped
   * to that path; null when the request is not below that path.
   */
  static @Nullable RequestPath below(String prefix, HttpServletRequest request) {
    String info = request.getPathInfo();
    String path = request.getServletPath() + (info == null ? "" : info);
    if (!path.startsWith(prefix)) {
      return null;
    }
    String rest = path.substring(prefix.length());
    if (!rest.isEmpty() && !rest.startsWith("/")) {
      return null;
    }
    String uri = request.getRequestURI();
    String query = request.getQueryString();
    return of(
        null,
        request.getContextPath(),
        prefix,
        rest.isEmpty() ? null : rest,
        request.getDispatcherType() == DispatcherType.REQUEST ? withoutSession(request, uri) : uri,
        query,
        sent(request, uri, query));
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
    // The servlet at "/" answers what no other servlet does, so the whole path is its path info.
    // The same is true for the slash of the mapping "", which Undertow gives as the servlet's path.
    if ((match == MappingMatch.DEFAULT || match == MappingMatch.CONTEXT_ROOT) && info == null) {
      info = servletPath;
      servlet = "";
    }
    String script = context + servlet;
    String bytes = info == null ? "" : Bytes.ofText(info);
    String found = info == null ? "" : PathInfo.of(uri, script, bytes);
    // A path that PathInfo has decoded from the URI is exact. Otherwise the container's text
    // counts.
    boolean lost =
        !servlet.isEmpty() && isLost(servletPath, uri) || found.equals(bytes) && isLost(info, uri);
    return new RequestPath(
        script,
        found,
        query == null ? "" : Bytes.ofText(query),
        Bytes.ofText(sent),
        !lost && !isLost(query, null) && !isLost(sent, null));
  }

  /** Whether decoding has lost bytes of a text. A U+FFFD that {@code uri} has, too, is no loss. */
  private static boolean isLost(@Nullable String text, @Nullable String uri) {
    return text != null
        && text.indexOf(REPLACEMENT) >= 0
        && (uri == null || !uri.toLowerCase(Locale.ROOT).contains("%ef%bf%bd"));
  }

  /**
   * The URI without the parameter that the container's own {@code encodeURL} has put into it, such
   * as {@code ;jsessionid=1}. {@code /x} is the same path with and without this parameter. The
   * parameter stays in REQUEST_URI.
   */
  private static String withoutSession(HttpServletRequest request, String uri) {
    if (uri.indexOf(';') < 0 || !request.isRequestedSessionIdFromURL()) {
      return uri;
    }
    String end = "=" + request.getRequestedSessionId();
    for (int at = uri.indexOf(end); at >= 0; at = uri.indexOf(end, at + 1)) {
      int to = at + end.length();
      int from = uri.lastIndexOf(';', at);
      boolean whole = to == uri.length() || uri.charAt(to) == ';' || uri.charAt(to) == '/';
      if (whole && from > uri.lastIndexOf('/', at)) {
        return uri.substring(0, from) + uri.substring(to);
      }
    }
    return uri;
  }

  /** Decodes the context's path, which the container gives as it stands in the request. */
  private static String contextPath(String raw) {
    String plain = raw.indexOf(';') < 0 ? raw : PathInfo.withoutParameters(raw);
    String decoded = Bytes.decoded(plain);
    return decoded == null ? Bytes.ofText(plain) : decoded;
  }

  /** What the client sent, also for a request that was forwarded or dispatched, or that failed. */
  private static String sent(HttpServletRequest request, String uri, @Nullable String query) {
    String forwarded = attribute(request, FORWARD_REQUEST_URI);
    if (forwarded != null) {
      return target(forwarded, attribute(request, FORWARD_QUERY_STRING));
    }
    String dispatched = attribute(request, ASYNC_REQUEST_URI);
    if (dispatched != null && request.getDispatcherType() == DispatcherType.ASYNC) {
      return target(dispatched, attribute(request, ASYNC_QUERY_STRING));
    }
    String failed = attribute(request, ERROR_REQUEST_URI);
    return failed == null ? target(uri, query) : target(failed, query);
  }

  private static String target(String uri, @Nullable String query) {
    return query == null ? uri : uri + "?" + query;
  }

  private static @Nullable String attribute(HttpServletRequest request, String name) {
    return request.getAttribute(name) instanceof String value ? value : null;
  }
}
