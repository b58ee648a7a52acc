package dev.postern.servlet;

import dev.postern.Application;
import jakarta.servlet.Filter;
import jakarta.servlet.Servlet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a {@link Container} serves: servlets in one context. */
final class Deployment {
  final String contextPath;
  final List<Entry> entries = new ArrayList<>();

  /** In front of all servlets, in this order. */
  final List<Filter> filters = new ArrayList<>();

  /** Paths of the pages for errors of these statuses. */
  final Map<Integer, String> errorPages = new TreeMap<>();

  /** The servlets may give the container's thread back. */
  boolean async;

  /** The servlets take multipart forms apart. */
  boolean multipart;

  /** The user that a container's Basic authentication knows; everything needs it. */
  boolean authenticated;

  /** How long a client may send and take nothing; null for the container's own default. */
  Duration clientTimeout;

  /** How much of what a client does not take goes out all the same, where that is limited. */
  static final int SEND_BUFFER = 8 * 1024;

  static final String USER = "aladdin";
  static final String PASSWORD = "opensesame";

  private Deployment(String contextPath) {
    this.contextPath = contextPath;
  }

  /** One servlet: an object, or a class that the container creates. */
  record Entry(
      Servlet servlet,
      Class<? extends Servlet> type,
      Map<String, String> parameters,
      List<String> mappings) {}

  /** In the context of this path; "" is the root. */
  static Deployment at(String contextPath) {
    return new Deployment(contextPath);
  }

  Deployment application(Application application, String... mappings) {
    return servlet(new ServletGateway(application), mappings);
  }

  Deployment servlet(Servlet servlet, String... mappings) {
    entries.add(new Entry(servlet, servlet.getClass(), Map.of(), List.of(mappings)));
    return this;
  }

  /** As a {@code web.xml} has it. */
  Deployment servlet(
      Class<? extends Servlet> type, Map<String, String> parameters, String... mappings) {
    entries.add(new Entry(null, type, parameters, List.of(mappings)));
    return this;
  }

  /** Requests from outside pass this filter, whatever their path is. */
  Deployment filter(Filter filter) {
    filters.add(filter);
    return this;
  }

  /**
   * A client that sends or takes nothing for that long has gone, and the system takes little of
   * what such a client is sent.
   */
  Deployment withClientTimeout(Duration timeout) {
    clientTimeout = timeout;
    return this;
  }

  /** The page of this path answers for errors of this status. */
  Deployment errorPage(int status, String path) {
    errorPages.put(status, path);
    return this;
  }

  /** The servlets are registered with {@code asyncSupported}. */
  Deployment withAsync() {
    async = true;
    return this;
  }

  /** The servlets have a {@code multipart-config}. */
  Deployment withMultipart() {
    multipart = true;
    return this;
  }

  /** All paths need the container's Basic authentication. */
  Deployment withAuthentication() {
    authenticated = true;
    return this;
  }
}
