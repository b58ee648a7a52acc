package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Applications by the start of the path: a prefix matches whole segments, the longest wins, and
 * what none matches is 404. Immutable, thread-safe.
 */
final class Routes implements Application {
  private static final Body NOT_FOUND = Body.of("404 Not Found\n");

  /** The longest prefix first. */
  private final List<Map.Entry<String, Application>> routes;

  /**
   * @param applications by prefix: "" or a path that starts with a slash
   */
  Routes(Map<String, Application> applications) {
    List<Map.Entry<String, Application>> sorted = new ArrayList<>(applications.entrySet());
    sorted.sort(Comparator.comparingInt(entry -> -entry.getKey().length()));
    routes = List.copyOf(sorted);
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    for (Map.Entry<String, Application> route : routes) {
      Environ mounted = environ.mounted(route.getKey());
      if (mounted != null) {
        return route.getValue().call(mounted, startResponse);
      }
    }
    startResponse.start(404, Headers.of("Content-Type", "text/plain; charset=utf-8"));
    return NOT_FOUND;
  }
}
