package dev.postern;

import dev.postern.internal.Text;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Checks status and headers as they are started. */
final class LintHead {
  /**
   * The response fields of RFC 9110 whose value is no list, in lower case. A sender must not repeat
   * them (RFC 9110 5.3). Content-Length has a rule of its own.
   */
  private static final Set<String> SINGLE =
      Set.of(
          "age",
          "content-location",
          "content-range",
          "content-type",
          "date",
          "etag",
          "expires",
          "last-modified",
          "location",
          "retry-after");

  private LintHead() {}

  static void check(
      int status, Headers headers, @Nullable StackTraceElement place, LintReport report) {
    if (status < 200 || status > 599) {
      report.broken(
          LintRule.A3, "response status must be 200 to 599", Integer.toString(status), place);
    }
    for (Map.Entry<String, String> field : headers) {
      String name = field.getKey();
      if (ResponseRules.isConnectionLevel(name)) {
        report.broken(LintRule.A4, "response header must not be hop-by-hop", name, place);
      } else if (name.equalsIgnoreCase("Status")) {
        report.broken(LintRule.A5, "response header must not be the status", name, place);
      } else if (name.equalsIgnoreCase("Content-Type")) {
        checkType(field.getValue(), place, report);
      } else if (name.equalsIgnoreCase("Content-Length")
          && Text.parseLength(field.getValue()) < 0) {
        report.broken(
            LintRule.A6, "Content-Length must be one number of digits", field.getValue(), place);
      }
    }
    checkRepeats(headers, place, report);
  }

  /** {@code media-type = type "/" subtype parameters} (RFC 9110 8.3.1). */
  private static void checkType(
      String value, @Nullable StackTraceElement place, LintReport report) {
    int end = value.indexOf(';');
    String type = Text.trimmed(end < 0 ? value : value.substring(0, end));
    int slash = type.indexOf('/');
    if (slash < 0
        || !Text.isToken(type.substring(0, slash))
        || !Text.isToken(type.substring(slash + 1))) {
      report.broken(LintRule.A8, "Content-Type must be of the form type/subtype", value, place);
    }
  }

  private static void checkRepeats(
      Headers headers, @Nullable StackTraceElement place, LintReport report) {
    int size = headers.size();
    if (size < 2) {
      return;
    }
    String[] names = new String[size];
    int n = 0;
    for (Map.Entry<String, String> field : headers) {
      String name = field.getKey();
      for (int i = 0; i < n; i++) {
        if (names[i].equalsIgnoreCase(name)) {
          checkRepeat(name, place, report);
          break;
        }
      }
      names[n++] = name;
    }
  }

  private static void checkRepeat(
      String name, @Nullable StackTraceElement place, LintReport report) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.equals("content-length")) {
      report.broken(LintRule.A6, "Content-Length must be sent at most once", null, place);
    } else if (SINGLE.contains(lower)) {
      report.broken(LintRule.A7, "response header must be sent at most once", name, place);
    }
  }
}
