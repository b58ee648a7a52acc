package dev.postern.launcher.demo;

import com.google.common.html.HtmlEscapers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One card of the page. Texts are plain unless a method says HTML. Not thread-safe. */
final class Card {
  private static final String TRACK = "<div class=\"track\"><div class=\"bar\"></div></div>\n  ";

  private final String tag;
  private final String title;
  private final String text;
  private final List<String> chain = new ArrayList<>();
  private final Map<String, String> links = new LinkedHashMap<>();
  private @Nullable String timed;
  private @Nullable String missing;
  private String preview = "";
  private String more = "";

  Card(String tag, String title, String text) {
    this.tag = tag;
    this.title = title;
    this.text = text;
  }

  /**
   * Adds a part that stands behind the card, from the server on. {@code kind} is a class of the
   * style sheet.
   */
  Card through(String kind, String name) {
    chain.add("<span class=\"chip " + kind + "\">" + escaped(name) + "</span>");
    return this;
  }

  /** Sets the path whose answer the page measures. */
  Card timed(String path) {
    timed = path;
    return this;
  }

  Card link(String path, String label) {
    links.put(path, label);
    return this;
  }

  /** Sets HTML above the text. */
  Card preview(String html) {
    preview = html + "\n  ";
    return this;
  }

  /** Adds a line to copy. */
  Card command(String line) {
    more +=
        ("<div class=\"command\"><code>%1$s</code>"
                + "<button data-copy=\"%1$s\" aria-label=\"Copy: %1$s\">copy</button></div>\n  ")
            .formatted(escaped(line));
    return this;
  }

  /** Says what is missing behind the card. With null, nothing is missing. */
  Card missing(@Nullable String what) {
    missing = what;
    return this;
  }

  /** Returns the card as HTML. */
  String html(String template) {
    boolean there = missing == null;
    StringBuilder anchors = new StringBuilder();
    for (Map.Entry<String, String> link : links.entrySet()) {
      anchors.append(
          "<a href=\"%s\">%s</a>\n".formatted(escaped(link.getKey()), escaped(link.getValue())));
    }
    return Page.filled(
        template,
        Map.of(
            "class", there ? "" : "off",
            "data", there && timed != null ? " data-url=\"" + escaped(timed) + "\"" : "",
            "tag", escaped(tag),
            "title", escaped(title),
            "time",
                there && timed != null
                    ? "<span class=\"time\" title=\"to the first byte\">&ndash;</span>"
                    : "",
            "picture", there ? (timed == null ? "" : TRACK) + preview : "",
            "text", escaped(text),
            "more", there ? more : "",
            "chain", String.join("", chain),
            "links",
                there
                    ? anchors.toString().strip()
                    : "<span class=\"missing\">" + escaped("" + missing) + "</span>"));
  }

  static String escaped(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
