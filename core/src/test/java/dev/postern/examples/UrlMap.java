package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Several applications, each below a prefix; the longest prefix wins, else 404. */
final class UrlMap {
  private static final Headers TEXT = Headers.of("Content-Type", "text/plain");
  private static final Body NOT_FOUND = Body.of("Not Found\n");

  private UrlMap() {}

  static Application overResponse(Map<String, Application> applications) {
    Map<String, Application> sorted = longestFirst(applications);
    return Application.of(
        environ -> {
          for (Map.Entry<String, Application> entry : sorted.entrySet()) {
            Environ mounted = environ.mounted(entry.getKey());
            if (mounted != null) {
              return Response.from(entry.getValue(), mounted);
            }
          }
          return Response.of(404, TEXT, NOT_FOUND);
        });
  }

  static Application overStart(Map<String, Application> applications) {
    Map<String, Application> sorted = longestFirst(applications);
    return (environ, start) -> {
      for (Map.Entry<String, Application> entry : sorted.entrySet()) {
        Environ mounted = environ.mounted(entry.getKey());
        if (mounted != null) {
          return entry.getValue().call(mounted, start);
        }
      }
      start.start(404, TEXT);
      return NOT_FOUND;
    };
  }

  private static Map<String, Application> longestFirst(Map<String, Application> applications) {
    Map<String, Application> sorted = new LinkedHashMap<>();
    applications.entrySet().stream()
        .sorted(Comparator.comparing(entry -> -entry.getKey().length()))
        .forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
    return sorted;
  }
}
