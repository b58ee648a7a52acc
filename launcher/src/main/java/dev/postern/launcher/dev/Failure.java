package dev.postern.launcher.dev;

import com.google.common.html.HtmlEscapers;
import dev.postern.Environ;
import dev.postern.GatewayException;
import dev.postern.cgi.CgiRun;
import dev.postern.cgi.KeptRun;
import dev.postern.internal.Causes;
import dev.postern.launcher.rules.Rules;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a request that failed, for a page.
 *
 * @param parts a heading and a text each
 */
record Failure(int status, String message, List<Part> parts) {
  private static final int OUTPUT_SHOWN = 1024;
  private static final int TRACE_LINES = 40;

  /** Names of variables whose values nobody may see. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i).*(AUTHORIZATION|COOKIE|PASSW|SECRET|TOKEN|CREDENTIAL|API_?KEY|PRIVATE_?KEY).*");

  private static final String STYLE =
      "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
          + "pre{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:6px}"
          + "h1{font-size:1.4rem}h2{font-size:1rem;margin-bottom:0}"
          + ":root{color-scheme:light dark}";

  /** A part of the page. */
  record Part(String heading, String text) {}

  static Failure of(Environ environ, Throwable error, @Nullable CgiRun run) {
    List<Part> parts = new ArrayList<>();
    GatewayException refused = refusal(error);
    String message = String.valueOf(error.getMessage() == null ? error : error.getMessage());
    if (refused == null) {
      parts.add(new Part("Stack", trace(error)));
      parts.add(new Part("Environment", shown(variables(environ))));
      return new Failure(500, error + "", parts);
    }
    GatewayException.Diagnosis found = refused.diagnosis();
    String rule = found == null ? "other" : found.rule();
    parts.add(new Part("Rule", rule));
    String advice = Rules.advice(rule);
    if (advice != null) {
      parts.add(new Part("What to do", advice));
    }
    if (run != null) {
      parts.add(
          new Part("Program", run.program() + (run.exit().isEmpty() ? "" : ", " + run.exit())));
    }
    if (found != null && found.offset() >= 0) {
      parts.add(new Part("At byte " + found.offset(), found.excerpt()));
    }
    KeptRun kept = run == null ? null : run.kept();
    if (kept != null) {
      text(parts, "Standard error", kept.errors(), Integer.MAX_VALUE);
      text(parts, "First bytes of its output", kept.output(), OUTPUT_SHOWN);
    }
    Map<String, String> built = kept == null ? Map.of() : kept.environment();
    parts.add(new Part("Environment", shown(built.isEmpty() ? variables(environ) : built)));
    return new Failure(refused.status(), message, parts);
  }

  private static @Nullable GatewayException refusal(Throwable error) {
    return (GatewayException) Causes.first(error, GatewayException.class::isInstance);
  }

  private static void text(List<Part> parts, String heading, byte[] bytes, int most) {
    if (bytes.length > 0) {
      int length = Math.min(bytes.length, most);
      parts.add(new Part(heading, new String(bytes, 0, length, StandardCharsets.UTF_8)));
    }
  }

  private static Map<String, String> variables(Environ environ) {
    Map<String, String> variables = new TreeMap<>();
    environ.forEach(
        (name, value) -> {
          if (value instanceof String text && !name.contains(".")) {
            variables.put(name, text);
          }
        });
    return variables;
  }

  /** Returns the variables in order, with secret values masked. */
  private static String shown(Map<String, String> variables) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(variables)
        .forEach(
            (name, value) -> {
              byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
              boolean secret = SECRET.matcher(name).matches();
              text.append(name)
                  .append('=')
                  .append(secret ? "(masked)" : new String(bytes, StandardCharsets.UTF_8))
                  .append('\n');
            });
    return text.toString();
  }

  private static String trace(Throwable error) {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace));
    return String.join("\n", trace.toString().lines().limit(TRACE_LINES).toList());
  }

  String text() {
    StringBuilder text = new StringBuilder(status + " " + message + "\n");
    for (Part part : parts) {
      text.append('\n').append(part.heading).append(":\n");
      part.text.lines().forEach(line -> text.append("  ").append(printable(line)).append('\n'));
    }
    return text.toString();
  }

  String html() {
    StringBuilder page = new StringBuilder();
    page.append("<!DOCTYPE html><html lang=en><meta charset=utf-8>")
        .append("<meta name=viewport content='width=device-width'>")
        .append(String.format(Locale.ROOT, "<title>%d</title><style>%s</style>", status, STYLE))
        .append("<h1>")
        .append(status)
        .append(' ')
        .append(escaped(message))
        .append("</h1>");
    for (Part part : parts) {
      page.append("<h2>")
          .append(escaped(part.heading))
          .append("</h2><pre>")
          .append(escaped(part.text))
          .append("</pre>");
    }
    return page.append("<p>This page is for the developer: serve --dev shows it on this machine ")
        .append("alone.</p></html>\n")
        .toString();
  }

  private static String printable(String line) {
    return line.replaceAll("[\\p{Cntrl}&&[^\t]]", "?");
  }

  private static String escaped(String text) {
    return HtmlEscapers.htmlEscaper().escape(text.replaceAll("[\\p{Cntrl}&&[^\t\n]]", "?"));
  }
}
