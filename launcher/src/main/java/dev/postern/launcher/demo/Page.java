package dev.postern.launcher.demo;

import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Responder;
import dev.postern.Response;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The demo's first page. Thread-safe. */
final class Page implements Responder {
  private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z-]+)}}");

  /** The page loads no script, style or picture from anywhere else. */
  private static final Headers HEADERS =
      Headers.of(
          "Content-Type",
          "text/html; charset=utf-8",
          "Cache-Control",
          "no-store",
          "Content-Security-Policy",
          "default-src 'self'");

  private final String page = Resource.text("page.html");
  private final String card = Resource.text("card.html");
  private final Function<String, Map<String, List<Card>>> sections;

  /**
   * @param sections the cards by section, for the address that the client used, such as {@code
   *     http://localhost:8080}
   */
  Page(Function<String, Map<String, List<Card>>> sections) throws IOException {
    this.sections = sections;
  }

  @Override
  public Response respond(Environ environ) {
    if (!environ.pathInfo().equals("/")) {
      return Response.of(
          404, Headers.of("Content-Type", "text/plain; charset=utf-8"), Body.of("404 Not Found\n"));
    }
    Environ root = environ.copy();
    root.put("SCRIPT_NAME", "");
    root.put("PATH_INFO", "");
    root.put("QUERY_STRING", "");
    Map<String, String> values =
        sections.apply(root.url()).entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> html(entry.getValue())));
    values.put("version", "Java " + Card.escaped(System.getProperty("java.version")) + ".");
    return Response.of(200, HEADERS, Body.of(filled(page, values)));
  }

  private String html(List<Card> cards) {
    return cards.stream().map(each -> each.html(card)).collect(Collectors.joining());
  }

  /** Returns the template with {@code {{name}}} replaced. Inserted text is not replaced again. */
  static String filled(String template, Map<String, String> values) {
    return PLACE
        .matcher(template)
        .replaceAll(
            place -> Matcher.quoteReplacement(values.getOrDefault(place.group(1), place.group())));
  }
}
