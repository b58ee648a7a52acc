package dev.postern.web;

import dev.postern.Environ;
import dev.postern.internal.Text;
import dev.postern.web.internal.FieldList;
import dev.postern.web.internal.HttpDate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** Conditional requests (RFC 9110 13). A malformed date is passed over (13.1.3, 13.1.4). */
final class Conditions {
  /** As in Apache httpd. After that time, a representation is not changed within its second. */
  private static final Duration SETTLED = Duration.ofSeconds(60);

  private Conditions() {}

  /**
   * Evaluates the conditions in the order of RFC 9110 13.2.2.
   *
   * @param tag the entity tag of the current representation, or null
   * @param modified when the representation was changed, or null
   * @return 0 to go on, 304, or 412
   */
  static int evaluate(Environ environ, @Nullable String tag, @Nullable Instant modified) {
    boolean read = environ.method().equals("GET") || environ.method().equals("HEAD");
    String ifMatch = environ.header("If-Match");
    if (ifMatch != null) {
      if (!matches(ifMatch, tag, true)) {
        return 412;
      }
    } else {
      Instant since = date(environ.header("If-Unmodified-Since"));
      if (since != null && modified != null && seconds(modified).isAfter(since)) {
        return 412;
      }
    }
    String ifNoneMatch = environ.header("If-None-Match");
    if (ifNoneMatch != null) {
      return !matches(ifNoneMatch, tag, false) ? 0 : read ? 304 : 412;
    }
    Instant since = read ? date(environ.header("If-Modified-Since")) : null;
    return since != null && modified != null && !seconds(modified).isAfter(since) ? 304 : 0;
  }

  /**
   * Whether a {@code Range} counts (RFC 9110 13.1.5). A representation can change twice in the
   * second of a date. So a date counts only some time after the change (8.8.2.2).
   */
  static boolean ifRange(Environ environ, @Nullable String tag, @Nullable Instant modified) {
    String condition = environ.header("If-Range");
    if (condition == null) {
      return true;
    }
    String value = Text.trimmed(condition);
    if (value.endsWith("\"")) {
      return tag != null && isStrong(tag) && value.equals(tag);
    }
    Instant date = date(value);
    return date != null
        && modified != null
        && seconds(modified).equals(date)
        && !modified.plus(SETTLED).isAfter(Instant.now());
  }

  /** Whether this tag is in the list {@code "*" / #entity-tag}, by strong or by weak comparison. */
  static boolean matches(String list, @Nullable String tag, boolean strong) {
    if (Text.trimmed(list).equals("*")) {
      return true;
    }
    if (tag == null || strong && !isStrong(tag)) {
      return false;
    }
    String opaque = opaque(tag);
    for (String each : FieldList.split(unescaped(list), ',')) {
      if (opaque(each).equals(unescaped(opaque)) && (!strong || isStrong(each))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Replaces backslashes, because {@link FieldList} takes them for escapes. In a tag, a backslash
   * escapes nothing (RFC 9110 8.8.3).
   */
  private static String unescaped(String tag) {
    return tag.replace('\\', '\u0001');
  }

  private static boolean isStrong(String tag) {
    return !tag.startsWith("W/");
  }

  private static String opaque(String tag) {
    return isStrong(tag) ? tag : tag.substring(2);
  }

  private static Instant seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS);
  }

  private static @Nullable Instant date(@Nullable String header) {
    return header == null ? null : HttpDate.parse(header);
  }
}
