package dev.postern.testing;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** For each rule that the contract checks, a gateway that breaks it. */
final class BrokenGateways {
  private BrokenGateways() {}

  static Map<String, BrokenGateway> byRule() {
    Map<String, BrokenGateway> all = new LinkedHashMap<>();
    addEnvirons(all);
    addInputs(all);
    addStarts(all);
    addHeads(all);
    addBodies(all);
    addEnds(all);
    return all;
  }

  // ---- the environ ----

  private static void addEnvirons(Map<String, BrokenGateway> all) {
    all.put("E1", sets("REQUEST_METHOD", request -> request.method().toLowerCase()));
    all.put(
        "E2",
        BrokenGateway.variables(
            (request, variables) -> {
              variables.put("SCRIPT_NAME", variables.get("PATH_INFO"));
              variables.put("PATH_INFO", "");
            }));
    all.put(
        "E3",
        BrokenGateway.variables(
            (request, variables) ->
                variables.compute(
                    "PATH_INFO", (name, path) -> URLDecoder.decode(path, StandardCharsets.UTF_8))));
    all.put(
        "E4",
        BrokenGateway.variables(
            (request, variables) ->
                variables.compute("QUERY_STRING", (name, query) -> query.replace("%2F", "/"))));
    all.put("E7", sets("SERVER_PROTOCOL", request -> "1.1"));
    all.put("E8", without("CONTENT_LENGTH"));
    all.put(
        "E9",
        BrokenGateway.variables(
            (request, variables) ->
                variables.computeIfPresent("CONTENT_TYPE", (name, type) -> type.split(";")[0])));
    all.put(
        "E10",
        BrokenGateway.variables(
            (request, variables) ->
                variables.replaceAll(
                    (name, value) -> value.length() > 255 ? value.substring(0, 255) : value)));
    all.put(
        "E11",
        BrokenGateway.variables(
            (request, variables) ->
                variables.computeIfPresent(
                    "HTTP_X_REPEATED", (name, values) -> values.split(", ")[0])));
    all.put(
        "E12",
        BrokenGateway.variables(
            (request, variables) ->
                request
                    .headers()
                    .forEach(
                        field ->
                            variables.put(
                                "HTTP_" + field.getKey().toUpperCase().replaceAll("[^A-Z0-9]", "_"),
                                field.getValue()))));
    all.put("E13", sets("HTTP_PROXY", request -> "evil.test:3128"));
    all.put(
        "E14",
        BrokenGateway.variables(
            (request, variables) ->
                variables.replaceAll((name, value) -> value.replaceAll("[^\\x00-\\x7F]", "?"))));
    all.put("E15", sets("CONTENT_TYPE", request -> ""));
    all.put("E18", BrokenGateway.environ(environ -> environ.scheme("HTTP/1.1")));
    all.put(
        "E21",
        BrokenGateway.application(
            application ->
                wrapped(
                    application,
                    (environ, response) -> {
                      PrintWriter discarded = new PrintWriter(OutputStream.nullOutputStream());
                      environ.put("postern.errors", discarded);
                      return response;
                    })));
    all.put("E22", BrokenGateway.environ(environ -> environ.multithread(false)));
    all.put("E23", leakingKeys());
    all.put("E25", sets("HTTP_HOST", request -> "elsewhere.test"));
  }

  private interface Value {
    String of(TestRequest request);
  }

  private static BrokenGateway sets(String name, Value value) {
    return BrokenGateway.variables((request, variables) -> variables.put(name, value.of(request)));
  }

  private static BrokenGateway without(String name) {
    return BrokenGateway.variables((request, variables) -> variables.remove(name));
  }

  private static BrokenGateway leakingKeys() {
    Map<String, Object> kept = new HashMap<>();
    return BrokenGateway.application(
        application ->
            (environ, start) -> {
              environ.putAll(kept);
              environ.onFinish(
                  outcome ->
                      environ.forEach(
                          (name, value) -> {
                            if (name.startsWith("test.")) {
                              kept.put(name, value);
                            }
                          }));
              return application.call(environ, start);
            });
  }

  // ---- the input ----

  private static void addInputs(Map<String, BrokenGateway> all) {
    all.put(
        "E19",
        BrokenGateway.input(
            (request, in) ->
                new FilterInputStream(in) {
                  @Override
                  public int read(byte[] bytes, int offset, int length) throws IOException {
                    int n = super.read(bytes, offset, length);
                    for (int i = offset; i < offset + n; i++) {
                      bytes[i] = bytes[i] == '\n' ? (byte) '\r' : bytes[i];
                    }
                    return n;
                  }
                }));
    all.put("E20", BrokenGateway.input((request, in) -> new PaddedStream(in)));
    all.put(
        "G34",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  try {
                    return application.call(environ, start);
                  } catch (Exception e) {
                    throw new IllegalStateException(e.toString());
                  }
                }));
    all.put(
        "G27",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  Body body = application.call(environ, start);
                  if (environ.input().read() >= 0) {
                    throw new IOException("request must be read");
                  }
                  return body;
                }));
    all.put(
        "G28",
        BrokenGateway.input(
            (request, in) ->
                request.headers().contains("Expect") ? new ByteArrayInputStream(new byte[6]) : in));
    all.put(
        "G32",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  byte[] spooled = environ.input().readAllBytes();
                  environ.put("postern.input", new ByteArrayInputStream(spooled));
                  return application.call(environ, start);
                }));
    all.put(
        "G33",
        BrokenGateway.variables(
            (request, variables) -> {
              variables.computeIfPresent(
                  "CONTENT_LENGTH", (name, length) -> length.replaceAll("[^0-9]", ""));
            }));
  }

  /** Goes on with zeros where the client left. */
  private static final class PaddedStream extends FilterInputStream {
    PaddedStream(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int n = super.read(bytes, offset, length);
      return n < 0 ? length : n;
    }
  }

  // ---- start ----

  private static void addStarts(Map<String, BrokenGateway> all) {
    all.put(
        "G8",
        starting(
            (start, status, headers, error) -> {
              if (error == null) {
                start.start(status, headers);
              }
            }));
    all.put(
        "G9",
        starting(
            (start, status, headers, error) -> {
              try {
                start.start(status, headers, error);
              } catch (Exception e) {
                if (e != error) {
                  throw e;
                }
              }
            }));
    all.put(
        "G10",
        starting(
            (start, status, headers, error) -> {
              try {
                start.start(status, headers, error);
              } catch (IllegalArgumentException e) {
                start.start(200, ContractCases.TEXT, e);
              }
            }));
    all.put(
        "G15",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  boolean[] started = new boolean[1];
                  Body body =
                      application.call(
                          environ,
                          (status, headers, error) -> {
                            if (!started[0] || error != null) {
                              start.start(status, headers, error);
                            }
                            started[0] = true;
                          });
                  if (!started[0]) {
                    start.start(200, ContractCases.TEXT);
                  }
                  return body == null ? Body.empty() : body;
                }));
  }

  private interface BrokenStart {
    void start(dev.postern.StartResponse start, int status, Headers headers, Throwable error);
  }

  private static BrokenGateway starting(BrokenStart broken) {
    return BrokenGateway.application(
        application ->
            (environ, start) ->
                application.call(
                    environ,
                    (status, headers, error) -> broken.start(start, status, headers, error)));
  }

  // ---- the head ----

  private static void addHeads(Map<String, BrokenGateway> all) {
    all.put("G16", heads((status, headers) -> Response.of(status / 100 * 100, headers)));
    all.put(
        "G17",
        heads(
            (status, headers) -> {
              String cookies = String.join(", ", headers.all("Set-Cookie"));
              return Response.of(
                  status, cookies.isEmpty() ? headers : headers.with("Set-Cookie", cookies));
            }));
    all.put("G18", sets("REQUEST_METHOD", request -> "GET"));
    all.put("G19", BrokenGateway.sink(sink -> new BrokenSink.WithBody(sink, 204)));
    all.put("G20", BrokenGateway.sink(sink -> new BrokenSink.WithBody(sink, 205)));
    all.put(
        "G21", heads((status, headers) -> Response.of(status, headers.without("Content-Length"))));
  }

  private interface Head {
    Response of(int status, Headers headers);
  }

  private static BrokenGateway heads(Head head) {
    return BrokenGateway.sink(
        sink ->
            new BrokenSink(sink) {
              @Override
              public void head(int status, Headers headers) throws IOException {
                Response changed = head.of(status, headers);
                super.head(changed.status(), changed.headers());
              }
            });
  }

  // ---- the body ----

  private static void addBodies(Map<String, BrokenGateway> all) {
    all.put("G7", bodies((body, out) -> body.writeTo(flushed(out))));
    all.put("G14", BrokenGateway.sink(BrokenSink.NeverCut::new));
    all.put("G22", BrokenGateway.sink(BrokenSink.Longer::new));
    all.put("G23", BrokenGateway.sink(BrokenSink.NeverCut::new));
    all.put("G24", BrokenGateway.sink(BrokenSink.Translating::new));
    all.put("G25", BrokenGateway.sink(BrokenSink.Buffering::new));
    all.put(
        "A14",
        bodies(
            (body, out) ->
                body.writeTo(
                    new OutputStream() {
                      private boolean ended;

                      @Override
                      public void write(int b) throws IOException {
                        try {
                          out.write(b);
                        } catch (IOException e) {
                          ended = true;
                        }
                      }
                    })));
    all.put(
        "G6",
        bodies(
            (body, out) ->
                body.writeTo(
                    new OutputStream() {
                      private boolean closed;

                      @Override
                      public void write(int b) throws IOException {
                        if (closed) {
                          throw new IOException("closed");
                        }
                        out.write(b);
                      }

                      @Override
                      public void close() {
                        closed = true;
                      }
                    })));
  }

  private static OutputStream flushed(OutputStream out) throws IOException {
    out.flush();
    return out;
  }

  private interface Writing {
    void write(Body body, OutputStream out) throws Exception;
  }

  private static BrokenGateway bodies(Writing writing) {
    return BrokenGateway.application(
        application -> bodied(application, body -> new Written(body, writing)));
  }

  private record Written(Body body, Writing writing) implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      throw new UnsupportedOperationException("gateways write");
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      writing.write(body, out);
    }

    @Override
    public long length() {
      return body.length();
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  // ---- the end ----

  private static void addEnds(Map<String, BrokenGateway> all) {
    all.put(
        "G1",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  application.call(environ, (status, headers, error) -> {}).close();
                  return application.call(environ, start);
                }));
    all.put(
        "G3",
        BrokenGateway.application(
            application -> bodied(application, body -> new Unclosed(body, () -> {}))));
    all.put("G11", BrokenGateway.application(BrokenGateways::tellsAll));
    all.put(
        "G12",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  try {
                    return application.call(environ, start);
                  } catch (IOException e) {
                    throw new IllegalStateException(e.getMessage());
                  }
                }));
    all.put(
        "G13",
        BrokenGateway.environ(
            environ -> environ.errors(new PrintWriter(OutputStream.nullOutputStream()))));
    all.put(
        "G26",
        BrokenGateway.application(
            application -> bodied(application, body -> new Unclosed(body, () -> {}))));
    all.put(
        "G29",
        BrokenGateway.application(
            application ->
                (environ, start) -> {
                  Body body = application.call(environ, start);
                  return new Unclosed(body, () -> environ.onFinish(outcome -> closed(body)));
                }));
    all.put(
        "G30",
        bodies(
            (body, out) -> {
              body.writeTo(out);
              out.flush();
              body.close();
            }));
    all.put("G31", cached());
  }

  private static void closed(Body body) {
    try {
      body.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private interface BodyChange {
    Body of(Body body);
  }

  private static Application bodied(Application application, BodyChange change) {
    return (environ, start) -> {
      Body body = application.call(environ, start);
      return body == null ? null : change.of(body);
    };
  }

  private interface ResponseChange {
    Response of(Environ environ, Response response) throws Exception;
  }

  private static Application wrapped(Application application, ResponseChange change) {
    return (environ, start) -> {
      change.of(environ, Response.of(200, Headers.of()));
      return application.call(environ, start);
    };
  }

  private static Application tellsAll(Application application) {
    return (environ, start) -> {
      try {
        return application.call(environ, start);
      } catch (Throwable e) {
        start.start(500, ContractCases.TEXT, e);
        return Body.of(e.toString());
      }
    };
  }

  /** Gives every client the first response that there was. */
  private static BrokenGateway cached() {
    byte[][] first = new byte[1][];
    return bodies(
        (body, out) -> {
          java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
          body.writeTo(bytes);
          synchronized (first) {
            if (first[0] == null) {
              first[0] = bytes.toByteArray();
            }
            out.write(first[0]);
          }
        });
  }

  /** Does something else at its close. */
  private record Unclosed(Body body, Runnable instead) implements Body {
    @Override
    public Iterator<ByteBuffer> iterator() {
      return body.iterator();
    }

    @Override
    public void writeTo(OutputStream out) throws Exception {
      body.writeTo(out);
    }

    @Override
    public long length() {
      return body.length();
    }

    @Override
    public void close() {
      instead.run();
    }
  }
}
