package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiRun;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Marks each request with an id, and writes a line for it when its client has everything. Values of
 * Authorization and Cookie are in no line, and a query only where it was asked for. Thread-safe.
 */
final class AccessLog implements Application {
  /** How a line is written. */
  enum Format {
    /** Of Apache's httpd, which most tools read. */
    COMBINED,
    /** An object of JSON in each line, with how the program went. */
    JSON
  }

  private static final DateTimeFormatter CLF =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ROOT);

  private final Application application;
  private final @Nullable LogFile file;
  private final Format format;
  private final boolean queries;

  /**
   * @param file null to mark requests alone
   * @param queries whether query strings are written
   */
  AccessLog(Application application, @Nullable LogFile file, Format format, boolean queries) {
    this.application = application;
    this.file = file;
    this.format = format;
    this.queries = queries;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    RequestMark mark = RequestMark.begin();
    Instant arrived = Instant.now();
    long start = System.nanoTime();
    environ.onFinish(
        outcome -> {
          if (file != null) {
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            file.write(
                format == Format.JSON
                    ? json(environ, mark, arrived, took, outcome)
                    : combined(environ, arrived, outcome));
          }
          RequestMark.end();
        });
    return application.call(environ, startResponse);
  }

  private String combined(Environ request, Instant arrived, Outcome outcome) {
    return or(request.remoteAddr())
        + " - "
        + plain(or(request.remoteUser()))
        + " ["
        + CLF.format(arrived.atZone(ZoneId.systemDefault()))
        + "] \""
        + quoted(request.method() + " " + target(request) + " " + request.protocol())
        + "\" "
        + (outcome.status() == 0 ? "-" : outcome.status())
        + " "
        + (outcome.bytes() == 0 ? "-" : outcome.bytes())
        + " \""
        + quoted(or(referer(request)))
        + "\" \""
        + quoted(or(request.header("User-Agent")))
        + "\"\n";
  }

  private String json(
      Environ request, RequestMark mark, Instant arrived, Duration took, Outcome outcome) {
    JsonLine line =
        new JsonLine()
            .add("time", arrived.truncatedTo(ChronoUnit.MILLIS).toString())
            .add("id", mark.id())
            .add("client", request.remoteAddr())
            .add("user", request.remoteUser())
            .add("method", request.method())
            .add("target", target(request))
            .add("protocol", request.protocol())
            .add("host", request.header("Host"))
            .add("referer", referer(request))
            .add("agent", request.header("User-Agent"))
            .add("status", outcome.status())
            .add("bytes", outcome.bytes())
            .add("complete", outcome.complete())
            .add("seconds", took);
    CgiRun run = mark.run();
    if (run != null) {
      line.add("program", run.program().toString())
          .add("queue", run.queueTime())
          .add("start", run.startTime())
          .add("first_byte", run.firstByteTime())
          .add("exit", run.exit())
          .add("rule", run.rule());
    }
    return line.end();
  }

  /** As it was sent, for whoever looks for a request; without what is often a secret. */
  private String target(Environ request) {
    String uri = or(request.variable("REQUEST_URI"));
    int query = uri.indexOf('?');
    return queries || query < 0 ? uri : uri.substring(0, query);
  }

  private @Nullable String referer(Environ request) {
    String referer = request.header("Referer");
    int query = referer == null ? -1 : referer.indexOf('?');
    return queries || referer == null || query < 0 ? referer : referer.substring(0, query);
  }

  private static String or(@Nullable String value) {
    return value == null || value.isEmpty() ? "-" : value;
  }

  /** As httpd does: quotes, backslashes and what is not ASCII are escaped. */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < 0x20 || c >= 0x7f) {
        quoted.append(String.format("\\x%02x", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.toString();
  }

  /** A field without quotes around it: a blank would begin the next one. */
  private static String plain(String text) {
    return quoted(text).replace(" ", "\\x20");
  }

  /** An object of JSON in one line of a log. Values that are null are left out. */
  private static final class JsonLine {
    private final StringBuilder text = new StringBuilder(256).append('{');

    JsonLine add(String name, @Nullable String value) {
      if (value != null) {
        name(name);
        string(value);
      }
      return this;
    }

    JsonLine add(String name, long value) {
      name(name);
      text.append(value);
      return this;
    }

    JsonLine add(String name, boolean value) {
      name(name);
      text.append(value);
      return this;
    }

    /** In seconds, to the microsecond. */
    JsonLine add(String name, @Nullable Duration value) {
      if (value != null) {
        name(name);
        text.append(String.format(Locale.ROOT, "%.6f", value.toNanos() / 1e9));
      }
      return this;
    }

    String end() {
      return text.append("}\n").toString();
    }

    private void name(String name) {
      if (text.length() > 1) {
        text.append(',');
      }
      string(name);
      text.append(':');
    }

    private void string(String value) {
      text.append('"');
      for (int i = 0; i < value.length(); i++) {
        char c = value.charAt(i);
        if (c == '"' || c == '\\') {
          text.append('\\').append(c);
        } else if (c < 0x20 || c >= 0x7f && c <= 0x9f || c == '\u2028' || c == '\u2029') {
          text.append(String.format("\\u%04x", (int) c));
        } else {
          text.append(c);
        }
      }
      text.append('"');
    }
  }
}
