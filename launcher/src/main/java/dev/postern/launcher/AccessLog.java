package dev.postern.launcher;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.Outcome;
import dev.postern.StartResponse;
import dev.postern.cgi.CgiRun;
import dev.postern.launcher.http.FrontHandler;
import dev.postern.launcher.http.RefusalLog;
import dev.postern.launcher.status.Board;
import dev.postern.launcher.status.Ended;
import dev.postern.launcher.status.Json;
import dev.postern.launcher.status.RequestFacts;
import dev.postern.web.TrustedProxies;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.AuthenticatedUser;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/**
 * Marks each request with an id, counts it, and writes a line for it when its response has ended.
 * No line has a value of Authorization or Cookie. A line has the query only if the user asked for
 * queries. Thread-safe.
 */
final class AccessLog implements Application, RequestLog, RefusalLog {
  /** The format of a line. */
  enum Format {
    /** The format of Apache's httpd, which most tools read. */
    COMBINED,
    /** A JSON object in each line, with the run of the program. */
    JSON
  }

  private static final DateTimeFormatter CLF =
      DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ROOT);

  private final Application application;
  private final @Nullable LogFile file;
  private final Format format;
  private final boolean queries;
  private final Board board;
  private final @Nullable TrustedProxies proxies;

  /**
   * @param file null to mark and count requests only
   * @param queries whether query strings are written
   * @param board counts the requests
   * @param proxies whose headers are believed; null for none
   */
  AccessLog(
      Application application,
      @Nullable LogFile file,
      Format format,
      boolean queries,
      Board board,
      @Nullable TrustedProxies proxies) {
    this.application = application;
    this.file = file;
    this.format = format;
    this.queries = queries;
    this.board = board;
    this.proxies = proxies;
  }

  @Override
  public Body call(Environ environ, StartResponse startResponse) throws Exception {
    Environ trusted;
    try {
      trusted = proxies == null ? environ : proxies.apply(environ);
    } catch (HttpException e) {
      begin(environ);
      throw e;
    }
    begin(trusted);
    return application.call(trusted, startResponse);
  }

  /**
   * Counts a request that the server itself has answered, such as one with a wrong head or one that
   * came at overload, and writes its line.
   */
  @Override
  public void log(Request request, Response response) {
    if (!FrontHandler.isAnsweredByServer(request)) {
      return;
    }
    answered(
        request.getMethod(),
        request.getHttpURI(),
        request.getConnectionMetaData(),
        Instant.ofEpochMilli(Request.getTimeStamp(request)),
        Outcome.of(response.getStatus(), Response.getContentBytesWritten(response), true, null));
  }

  @Override
  public void refused(MetaData.Request head, ConnectionMetaData connection, int status) {
    answered(
        head.getMethod(),
        head.getHttpURI(),
        connection,
        Instant.now(),
        Outcome.of(status, 0, true, null));
  }

  private void answered(
      String method,
      HttpURI target,
      ConnectionMetaData connection,
      Instant arrived,
      Outcome outcome) {
    Map<String, String> variables = new HashMap<>();
    variables.put("REQUEST_METHOD", method);
    variables.put("REQUEST_URI", target.getPathQuery());
    variables.put("SERVER_PROTOCOL", connection.getProtocol());
    // A client of a Unix socket chooses its own name, which is no address.
    if (connection.getRemoteSocketAddress() instanceof InetSocketAddress address) {
      variables.put("REMOTE_ADDR", Request.getHostName(address));
    }
    variables.values().removeIf(Objects::isNull);
    Environ environ = Environ.builder(variables).build();
    board.begun(environ);
    end(environ, RequestMark.begin(), arrived, Duration.between(arrived, Instant.now()), outcome);
  }

  private void begin(Environ environ) {
    RequestMark mark = RequestMark.begin();
    Instant arrived = Instant.now();
    long start = System.nanoTime();
    board.begun(environ);
    environ.onFinish(
        outcome ->
            end(environ, mark, arrived, Duration.ofNanos(System.nanoTime() - start), outcome));
  }

  private void end(
      Environ environ, RequestMark mark, Instant arrived, Duration took, Outcome outcome) {
    board.ended(environ, ended(environ, mark, arrived, took, outcome));
    if (file != null) {
      file.write(
          format == Format.JSON
              ? json(environ, mark, arrived, took, outcome)
              : combined(environ, arrived, outcome));
    }
    RequestMark.end();
  }

  private Ended ended(
      Environ request, RequestMark mark, Instant arrived, Duration took, Outcome outcome) {
    RequestFacts facts =
        new RequestFacts(
            mark.id(), arrived, took, request.method(), target(request), request.remoteAddr());
    return new Ended(facts, request.isCancelled(), outcome, mark.run());
  }

  private String combined(Environ request, Instant arrived, Outcome outcome) {
    return plain(or(request.remoteAddr()))
        + " - "
        + plain(or(AuthenticatedUser.of(request)))
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
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("time", arrived.truncatedTo(ChronoUnit.MILLIS).toString());
    line.put("id", mark.id());
    line.put("client", request.remoteAddr());
    line.put("user", text(AuthenticatedUser.of(request)));
    line.put("method", request.method());
    line.put("target", text(target(request)));
    line.put("protocol", request.protocol());
    line.put("host", text(request.header("Host")));
    line.put("referer", text(referer(request)));
    line.put("agent", text(request.header("User-Agent")));
    line.put("status", outcome.status());
    line.put("bytes", outcome.bytes());
    line.put("complete", outcome.complete());
    line.put("seconds", took);
    CgiRun run = mark.run();
    if (run != null) {
      line.put("program", run.program().toString());
      line.put("queue", run.queueTime());
      line.put("start", run.startTime());
      line.put("first_byte", run.firstByteTime());
      line.put("exit", run.exit());
      line.put("rule", run.rule());
    }
    return Json.of(line) + "\n";
  }

  /**
   * Returns the target as the client sent it. A query often has secrets, so it is cut off unless
   * the user asked for queries.
   */
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

  /** Returns the characters of a text that has a byte in each; the bytes if they are no UTF-8. */
  private static @Nullable String text(@Nullable String bytes) {
    String text = bytes == null ? null : Ascii.utf8(bytes);
    return text == null ? bytes : text;
  }

  private static String or(@Nullable String value) {
    return value == null || value.isEmpty() ? "-" : value;
  }

  /** Escapes quotes, backslashes, control characters and what is not ASCII, as httpd does. */
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

  /**
   * Escapes a field without quotes around it. A blank would begin the next field, so it is escaped,
   * too.
   */
  private static String plain(String text) {
    return quoted(text).replace(" ", "\\x20");
  }
}
