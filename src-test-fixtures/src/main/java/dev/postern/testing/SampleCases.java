package dev.postern.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.Application;
import dev.postern.Environ;
import dev.postern.Exchange;
import dev.postern.Headers;
import dev.postern.ResponseSink;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Requests to {@link SampleApp}, and what it answers in every deployment: called in memory, as a
 * CGI executable, as a servlet.
 *
 * <p>A test sends {@link Case#method}, the path of the application followed by {@link Case#target},
 * {@link Case#headers} and {@link Case#body}. Then it passes the answer to {@link Case#check}. The
 * test may run each case several times, also at the same time.
 */
public final class SampleCases {
  private static final byte[] NONE = {};
  private static final String TEXT = "text/plain;charset=utf-8";

  /** A request as the application sees it, and the answer as HTTP has it. */
  public static final class Case {
    private final String name;
    private final String method;
    private final String target;
    private final Map<String, String> headers;
    private final byte[] body;
    private final int status;
    private final Map<String, List<String>> expected;
    private final byte[] answer;

    private Case(Builder builder) {
      this.name = builder.name;
      this.method = builder.method;
      this.target = builder.target;
      this.headers = Map.copyOf(builder.headers);
      this.body = builder.body;
      this.status = builder.status;
      this.expected = Map.copyOf(builder.expected);
      this.answer = builder.answer;
    }

    /** Returns what the case is about. No two names are the same. */
    public String name() {
      return name;
    }

    public String method() {
      return method;
    }

    /** Returns the path below the mount point and the query, encoded as on a request line. */
    public String target() {
      return target;
    }

    /** Returns the header fields of the request, without Content-Length. */
    public Map<String, String> headers() {
      return headers;
    }

    /** Returns the body of the request, which may be empty. The array belongs to the case. */
    public byte[] body() {
      return body;
    }

    /** Returns whether the request has a body, and so a Content-Length. */
    public boolean hasBody() {
      return method.equals("POST") || method.equals("PUT");
    }

    /** Returns the CGI variables that a server makes of the request. */
    public Map<String, String> variables(String mount) {
      Map<String, String> variables = new HashMap<>();
      int question = target.indexOf('?');
      String path = question < 0 ? target : target.substring(0, question);
      variables.put("REQUEST_METHOD", method);
      variables.put("SCRIPT_NAME", mount);
      variables.put("PATH_INFO", decoded(path));
      variables.put("QUERY_STRING", question < 0 ? "" : target.substring(question + 1));
      variables.put("SERVER_NAME", "localhost");
      variables.put("SERVER_PORT", "80");
      variables.put("SERVER_PROTOCOL", "HTTP/1.1");
      if (hasBody()) {
        variables.put("CONTENT_LENGTH", Integer.toString(body.length));
      }
      headers.forEach((field, value) -> variables.put(variable(field), value));
      // No server passes this on, as HTTP libraries would take it for a proxy (CVE-2016-5385).
      variables.remove("HTTP_PROXY");
      return variables;
    }

    /** Fails unless the answer is the one that the application gave. */
    public void check(String mount, Answer actual) {
      assertThat(actual.status()).as("status of %s", name).isEqualTo(status);
      expected.forEach(
          (field, values) ->
              assertThat(actual.headers().getOrDefault(field, List.of()))
                  .as("%s of %s", field, name)
                  .containsExactlyElementsOf(
                      values.stream().map(value -> value.replace("{mount}", mount)).toList()));
      byte[] bytes =
          new String(answer, StandardCharsets.ISO_8859_1)
              .replace("{mount}", mount)
              .getBytes(StandardCharsets.ISO_8859_1);
      assertThat(actual.body()).as("body of %s", name).isEqualTo(bytes);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * The answer that came back. It has all header fields by lower-case name, with values in order,
   * and the body without its framing.
   */
  public record Answer(int status, Map<String, List<String>> headers, byte[] body) {
    /** Makes an answer from fields in order, with names in any case. */
    public static Answer of(
        int status, Iterable<? extends Map.Entry<String, String>> fields, byte[] body) {
      Map<String, List<String>> headers = new HashMap<>();
      for (Map.Entry<String, String> field : fields) {
        headers
            .computeIfAbsent(field.getKey().toLowerCase(Locale.ROOT), name -> new ArrayList<>())
            .add(field.getValue());
      }
      return new Answer(status, headers, body);
    }
  }

  private SampleCases() {}

  /** Sends a case to an application without anything in between. */
  public static Answer call(Application application, Case request, String mount) {
    Recorder recorder = new Recorder();
    Environ environ =
        Environ.builder(request.variables(mount))
            .input(new ByteArrayInputStream(request.body()))
            .errors(new PrintWriter(Writer.nullWriter()))
            .build();
    Exchange.of(environ, recorder).run(application);
    return Answer.of(recorder.status, recorder.headers, recorder.body.toByteArray());
  }

  /** Returns all cases. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    documents(cases);
    requests(cases);
    paths(cases);
    bodies(cases);
    return List.copyOf(cases);
  }

  private static void documents(List<Case> cases) {
    cases.add(get("text", "/text").answers(200, TEXT, "Hello from {mount}\n").build());
    cases.add(
        get("json", "/json")
            .answers(
                200,
                "application/json",
                "{\"scheme\":\"http\",\"script\":\"{mount}\",\"path\":\"/json\"}")
            .build());
    cases.add(get("not found", "/nowhere").answers(404, TEXT, "no such page\n").build());
    cases.add(
        get("redirect to a path of this server", "/redirect")
            .answers(303, TEXT, "see /text\n")
            .expect("location", "{mount}/text")
            .expect("x-more", "1")
            .build());
    cases.add(
        get("three cookies", "/cookies")
            .answers(200, TEXT, "three cookies\n")
            .expect("set-cookie", "a=1; Path=/", "b=\"2, 3\"; HttpOnly", "a=4; Path=/x")
            .build());
    cases.add(
        get("ISO-8859-1 in a header", "/latin1")
            .answers(200, TEXT, "caf\u00c3\u00a9\n")
            .expect("x-latin1", "caf\u00e9")
            .build());
    cases.add(
        get("no content", "/none")
            .answers(204, null, "")
            .expect("x-nothing", "more")
            .expect("content-length")
            .build());
    cases.add(get("failure", "/fail").answers(500, TEXT, "500 Internal Server Error\n").build());
    cases.add(new Builder("head", "HEAD", "/text").answers(200, TEXT, "").build());
    cases.add(new Builder("head of a failure", "HEAD", "/fail").answers(500, TEXT, "").build());
    cases.add(new Builder("head of a stream", "HEAD", "/stream").answers(200, TEXT, "").build());
  }

  private static void requests(List<Case> cases) {
    cases.add(
        get("query as it came", "/query?a=b%20c&d=%C3%A9+%2F;x&&e")
            .answers(200, TEXT, "a=b%20c&d=%C3%A9+%2F;x&&e")
            .build());
    cases.add(get("no query", "/query").answers(200, TEXT, "").build());
    cases.add(
        get("request headers", "/headers")
            .header("Accept", "text/plain;q=0.5, */*")
            .header("Cookie", "a=b; c=d")
            .header("X-Sample", "caf\u00e9 x")
            .header("Proxy", "http://attacker.invalid/")
            .answers(
                200,
                TEXT,
                "Accept=text/plain;q=0.5, */*\nCookie=a=b; c=d\n"
                    + "X-Sample=caf\u00c3\u00a9 x\nProxy=null\nX-Absent=null\n")
            .build());
    for (String method : new String[] {"PUT", "DELETE", "OPTIONS"}) {
      cases.add(
          new Builder("method " + method, method, "/method")
              .answers(200, TEXT, method + "\n")
              .build());
    }
  }

  private static void paths(List<Case> cases) {
    path(cases, "path in UTF-8", "/caf%C3%A9/%E2%82%AC", "/caf\u00c3\u00a9/\u00e2\u0082\u00ac");
    path(cases, "path that is not UTF-8", "/caf%E9/%FF%FE", "/caf\u00e9/\u00ff\u00fe");
    path(cases, "path with space, plus and percent", "/a%20b+c%25d", "/a b+c%d");
    path(cases, "path with a semicolon", "/a;b=c/d", "/a;b=c/d");
    path(cases, "path with two slashes", "//a//b", "//a//b");
    path(cases, "path with a slash at its end", "/a/", "/a/");
  }

  private static void path(List<Case> cases, String name, String encoded, String bytes) {
    cases.add(get(name, "/path" + encoded).answers(200, TEXT, SampleApp.hex(bytes)).build());
  }

  private static void bodies(List<Case> cases) {
    byte[] all = SampleApp.bytes(20_000);
    cases.add(
        post("echo of a body", "/echo", all)
            .header("Content-Type", "image/x-sample")
            .answers(200, "image/x-sample", all)
            .build());
    cases.add(
        post("echo of a form", "/echo", "a=b&c=%20d\r\n".getBytes(StandardCharsets.US_ASCII))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .answers(200, "application/x-www-form-urlencoded", "a=b&c=%20d\r\n")
            .build());
    cases.add(
        post("echo of an empty body", "/echo", NONE)
            .header("Content-Type", "text/x-empty")
            .answers(200, "text/x-empty", "")
            .build());
    byte[] large = SampleApp.bytes(SampleApp.LARGE);
    CRC32 checksum = new CRC32();
    checksum.update(large);
    cases.add(
        post("large request body", "/checksum", large)
            .header("Content-Type", "application/octet-stream")
            .answers(200, TEXT, large.length + " " + Long.toHexString(checksum.getValue()) + "\n")
            .build());
    cases.add(
        post("echo of a large body", "/echo", large)
            .header("Content-Type", "image/x-sample")
            .answers(200, "image/x-sample", large)
            .build());
    cases.add(
        post("large body that nobody reads before a large answer", "/large", large)
            .header("Content-Type", "application/octet-stream")
            .answers(200, "application/octet-stream", large)
            .build());
    cases.add(
        post("body that nobody reads", "/text", large)
            .header("Content-Type", "application/octet-stream")
            .answers(200, TEXT, "Hello from {mount}\n")
            .build());
    cases.add(get("large body", "/large").answers(200, "application/octet-stream", large).build());
    cases.add(
        get("streamed body", "/stream")
            .answers(200, TEXT, "block 1\nblock 2\nblock 3\nblock 4\nblock 5\n")
            .build());
  }

  private static Builder get(String name, String target) {
    return new Builder(name, "GET", target);
  }

  private static Builder post(String name, String target, byte[] body) {
    Builder builder = new Builder(name, "POST", target);
    builder.body = body;
    return builder;
  }

  private static String variable(String header) {
    String name = header.toUpperCase(Locale.ROOT).replace('-', '_');
    return name.equals("CONTENT_TYPE") ? name : "HTTP_" + name;
  }

  private static String decoded(String path) {
    StringBuilder bytes = new StringBuilder();
    for (int i = 0; i < path.length(); i++) {
      char c = path.charAt(i);
      if (c == '%') {
        c = (char) Integer.parseInt(path.substring(i + 1, i + 3), 16);
        i += 2;
      }
      bytes.append(c);
    }
    return bytes.toString();
  }

  private static final class Builder {
    private final String name;
    private final String method;
    private final String target;
    private final Map<String, String> headers = new HashMap<>();
    private final Map<String, List<String>> expected = new HashMap<>();
    private byte[] body = NONE;
    private byte[] answer = NONE;
    private int status;

    Builder(String name, String method, String target) {
      this.name = name;
      this.method = method;
      this.target = target;
    }

    Builder header(String field, String value) {
      headers.put(field, value);
      return this;
    }

    Builder answers(int newStatus, @Nullable String type, String latin1) {
      return answers(newStatus, type, latin1.getBytes(StandardCharsets.ISO_8859_1));
    }

    Builder answers(int newStatus, @Nullable String type, byte[] bytes) {
      status = newStatus;
      answer = bytes;
      return type == null ? expect("content-type") : expect("content-type", type);
    }

    /**
     * Expects these values of a field, whose name is in lower case. Without a value, the field must
     * be absent.
     */
    Builder expect(String field, String... values) {
      expected.put(field, List.of(values));
      return this;
    }

    Case build() {
      return new Case(this);
    }
  }

  private static final class Recorder implements ResponseSink {
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private Headers headers = Headers.of();
    private int status;

    @Override
    public void head(int newStatus, Headers newHeaders) {
      status = newStatus;
      headers = newHeaders;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      body.write(bytes, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void finish() {}

    @Override
    public void abort(Throwable cause) {
      throw new AssertionError("response was cut", cause);
    }
  }
}
