package dev.postern.web.middleware;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Middleware;
import dev.postern.Outcome;
import dev.postern.internal.Text;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.AuthenticatedUser;
import dev.postern.web.internal.Wrapped;
import java.time.Clock;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Logs each request when it is over, also a request that the gateway itself has answered with an
 * error. Text from the client is escaped, so that a request is one line.
 *
 * <p>The log is called on the request's thread, for several requests at once. Thread-safe.
 */
public final class AccessLog implements Middleware {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH);

  private final BiConsumer<? super Environ, ? super Outcome> log;

  private AccessLog(BiConsumer<? super Environ, ? super Outcome> log) {
    this.log = log;
  }

  /**
   * Lines of the Common Log Format: {@code 127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a
   * HTTP/1.1" 200 2326}. A response that was cut has its status and the bytes that went out; a
   * response that did not begin has {@code -}.
   */
  public static AccessLog common(Consumer<String> log) {
    return lines(log, false, Clock.system(ZoneId.systemDefault()));
  }

  /** As {@link #common}, with the headers {@code Referer} and {@code User-Agent} at the end. */
  public static AccessLog combined(Consumer<String> log) {
    return lines(log, true, Clock.system(ZoneId.systemDefault()));
  }

  /** Calls a function with each request and its outcome. */
  public static AccessLog of(BiConsumer<? super Environ, ? super Outcome> log) {
    return new AccessLog(requireNonNull(log, "log"));
  }

  static AccessLog lines(Consumer<String> log, boolean combined, Clock clock) {
    requireNonNull(log, "log");
    return new AccessLog((environ, outcome) -> log.accept(line(environ, outcome, combined, clock)));
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(
        application,
        "AccessLog",
        (inner, environ, startResponse) -> {
          environ.onFinish(outcome -> log.accept(environ, outcome));
          return inner.call(environ, startResponse);
        });
  }

  private static String line(Environ environ, Outcome outcome, boolean combined, Clock clock) {
    StringBuilder line = new StringBuilder(200);
    append(line, environ.remoteAddr()).append(" - ");
    append(line, AuthenticatedUser.of(environ)).append(" [");
    line.append(TIME.format(ZonedDateTime.now(clock))).append("] \"");
    escape(line, environ.method()).append(' ');
    escape(line, target(environ)).append(' ');
    escape(line, environ.protocol()).append("\" ");
    line.append(outcome.status() == 0 ? "-" : Integer.toString(outcome.status())).append(' ');
    line.append(outcome.bytes() == 0 ? "-" : Long.toString(outcome.bytes()));
    if (combined) {
      quoted(line, environ.header("Referer"));
      quoted(line, environ.header("User-Agent"));
    }
    return line.toString();
  }

  private static String target(Environ environ) {
    String target = environ.variable("REQUEST_URI");
    if (target != null) {
      return target;
    }
    String path =
        Ascii.encodedPath(environ.variable("SCRIPT_NAME") + environ.variable("PATH_INFO"));
    return environ.queryString().isEmpty() ? path : path + "?" + environ.queryString();
  }

  private static void quoted(StringBuilder line, @Nullable String value) {
    line.append(" \"");
    escape(line, value == null ? "-" : value).append('"');
  }

  private static StringBuilder append(StringBuilder line, @Nullable String value) {
    if (value == null || value.isEmpty()) {
      return line.append('-');
    }
    StringBuilder escaped = escape(new StringBuilder(), value);
    for (int i = 0; i < escaped.length(); i++) {
      if (escaped.charAt(i) == ' ') {
        // A space would be taken for the end of the field.
        escaped.setCharAt(i, '+');
      }
    }
    return line.append(escaped);
  }

  /**
   * Escapes as httpd does: quotes and backslashes with a backslash, bytes that are not printable
   * ASCII as {@code \xHH}.
   */
  private static StringBuilder escape(StringBuilder line, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        line.append('\\').append(c);
      } else if (c < ' ' || c > '~') {
        line.append("\\x").append(Text.hex(c >> 4)).append(Text.hex(c));
      } else {
        line.append(c);
      }
    }
    return line;
  }

  @Override
  public String toString() {
    return "AccessLog";
  }
}
