package dev.postern.launcher.demo;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.StartResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Shows the request that it answers, and how it is deployed: as a page to browsers, as plain text
 * to others. A CGI executable loads this class when it starts, so this is plain Java. Thread-safe.
 */
public final class Inspector implements Application {
  /** How much of a request's body is shown, in bytes. */
  private static final int SHOWN_BODY = 2000;

  private static final String[] VARIABLES = {
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "SERVER_PROTOCOL",
    "HTTP_HOST",
    "HTTP_USER_AGENT",
    "REMOTE_ADDR",
    "CONTENT_TYPE",
    "CONTENT_LENGTH",
    "GATEWAY_INTERFACE",
    "SERVER_SOFTWARE"
  };

  private static final String[] EXTENSIONS = {
    "postern.version",
    "postern.url_scheme",
    "postern.multithread",
    "postern.multiprocess",
    "postern.run_once"
  };

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --line: #e6e1d6; --soft: #667080; --link: #0b6a94;
        --paper: #faf8f3; --ink: #1d2733; --strong: #7c3aed }
      @media (prefers-color-scheme: dark) { :root { --line: #28313d; --soft: #94a0b0;
        --link: #6cc3ee; --paper: #10151b; --ink: #e4e8ee; --strong: #b195fb } }
      body { max-width: 48rem; margin: 0 auto; padding: 2.5rem 1.5rem; background: var(--paper);
        color: var(--ink); font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif }
      a { color: var(--link) } h1 { margin: 1.6rem 0 .2rem; overflow-wrap: anywhere }
      .how { color: var(--soft) } .how b { color: var(--strong) }
      table { width: 100%; margin: 1.4rem 0; border-collapse: collapse }
      th, td { padding: .5rem .8rem .5rem 0; border-top: 1px solid var(--line); text-align: left;
        vertical-align: top; overflow-wrap: anywhere }
      th { width: 15rem; color: var(--soft); font-weight: 500 }
      input, button { padding: .35rem .7rem; border: 1px solid var(--line); border-radius: 6px;
        font: inherit }
      """;

  private final String otherwise;

  /** Makes an inspector that describes itself by this text if it is no CGI executable. */
  Inspector(String otherwise) {
    this.otherwise = otherwise;
  }

  /** Makes an inspector for a servlet or a CGI executable. */
  public Inspector() {
    this("servlet: this JVM answers many requests");
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws IOException {
    byte[] input = environ.input().readNBytes(SHOWN_BODY);
    String accept = environ.header("Accept");
    boolean page = accept != null && accept.contains("text/html");
    startResponse.start(
        200,
        Headers.of(
            "Content-Type",
            page ? "text/html; charset=utf-8" : "text/plain; charset=utf-8",
            "Cache-Control",
            "no-store",
            "Vary",
            "Accept"));
    return Body.of(page ? page(environ, input) : text(environ, input));
  }

  private String text(Environ environ, byte[] input) {
    StringBuilder text = new StringBuilder();
    text.append(title(environ)).append('\n').append(deployment(environ)).append("\n\n");
    for (Map.Entry<String, String> fact : facts(environ, input).entrySet()) {
      text.append(fact.getKey()).append(": ").append(fact.getValue()).append('\n');
    }
    return text.toString();
  }

  private String page(Environ environ, byte[] input) {
    StringBuilder page = new StringBuilder(4096);
    page.append("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n")
        .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .append("<title>Inspector</title>\n<style>\n")
        .append(STYLE)
        .append("</style>\n<p><a href=\"/\">&larr; Postern</a></p>\n<h1>")
        .append(escaped(title(environ)))
        .append("</h1>\n<p class=\"how\">answered by the same class, deployed as <b>")
        .append(escaped(deployment(environ)))
        .append("</b></p>\n<table>\n");
    for (Map.Entry<String, String> fact : facts(environ, input).entrySet()) {
      page.append("<tr><th>")
          .append(escaped(fact.getKey()))
          .append("</th><td>")
          .append(escaped(fact.getValue()))
          .append("</td></tr>\n");
    }
    return page.append("</table>\n<form method=\"post\">\n")
        .append("<input name=\"text\" aria-label=\"Text\" placeholder=\"Something to send\">\n")
        .append("<button>POST</button>\n</form>\n</html>\n")
        .toString();
  }

  private static String title(Environ environ) {
    return environ.method() + " " + environ.scriptName() + environ.pathInfo();
  }

  /**
   * Describes the deployment. Only a CGI executable's gateway calls an application once in a
   * process.
   */
  private String deployment(Environ environ) {
    if (Boolean.TRUE.equals(environ.get("postern.run_once"))) {
      return "CGI executable: this JVM is for this request alone";
    }
    return System.getProperty("sun.java.command", "").startsWith("dev.postern.cgi.install.")
        ? "warm CGI executable: this JVM answers many requests"
        : otherwise;
  }

  private static Map<String, String> facts(Environ environ, byte[] input) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("Time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString());
    facts.put("Process", ProcessHandle.current().pid() + ", started " + Ages.millis() + " ms ago");
    facts.put("Java", System.getProperty("java.version") + ", " + System.getProperty("os.name"));
    facts.put("URL", environ.url());
    for (String name : VARIABLES) {
      String value = environ.variable(name);
      if (value != null) {
        facts.put(name, readable(value));
      }
    }
    for (String name : EXTENSIONS) {
      facts.put(name, String.valueOf(environ.get(name)));
    }
    if (input.length > 0) {
      facts.put("Body", new String(input, StandardCharsets.UTF_8));
    }
    return facts;
  }

  /** Decodes a value as UTF-8, which it most likely is. Each of its characters is a byte. */
  private static String readable(String bytes) {
    return new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
  }

  private static String escaped(String text) {
    StringBuilder html = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> html.append("&amp;");
        case '<' -> html.append("&lt;");
        case '>' -> html.append("&gt;");
        case '"' -> html.append("&quot;");
        default -> html.append(c);
      }
    }
    return html.toString();
  }
}
