package dev.postern.examples;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Response;
import dev.postern.StartResponse;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * An ETag for each response that is small and known in length, and 304 for a client that has it
 * (RFC 9110 13.1.2). A body of unknown length passes as it is: it may be a stream that never ends.
 */
final class ETag {
  private static final int LIMIT = 64 * 1024;

  private ETag() {}

  static Application overResponse(Application application) {
    return Application.of(
        environ -> {
          Response response = Response.from(application, environ);
          if (!isTaggable(environ, response.status(), response.headers(), response.body())) {
            return response;
          }
          byte[] bytes = read(response.body());
          String tag = tag(bytes);
          return Response.of(
              isKnown(environ, tag) ? 304 : 200,
              response.headers().with("ETag", tag),
              Body.of(bytes));
        });
  }

  /** Has to hold the start back until it has seen the body. */
  static Application overStart(Application application) {
    return (environ, start) -> {
      HeldStart held = new HeldStart(start);
      Body body = application.call(environ, held);
      if (!held.started || !isTaggable(environ, held.status, held.headers, body)) {
        held.release();
        return body;
      }
      byte[] bytes = read(body);
      String tag = tag(bytes);
      held.status = isKnown(environ, tag) ? 304 : 200;
      held.headers = held.headers.with("ETag", tag);
      held.release();
      return Body.of(bytes);
    };
  }

  /** A start that is passed on later; what comes after that passes at once. */
  private static final class HeldStart implements StartResponse {
    private final StartResponse start;
    private boolean started;
    private boolean released;
    private int status;
    private Headers headers;
    private Throwable error;

    HeldStart(StartResponse start) {
      this.start = start;
    }

    @Override
    public void start(int newStatus, Headers newHeaders, @Nullable Throwable newError) {
      if (released || started && newError == null) {
        release();
        start.start(newStatus, newHeaders, newError);
        return;
      }
      started = true;
      status = newStatus;
      headers = newHeaders;
      error = newError;
    }

    void release() {
      if (started && !released) {
        released = true;
        start.start(status, headers, error);
      }
    }
  }

  private static boolean isTaggable(Environ environ, int status, Headers headers, Body body) {
    return status == 200
        && (environ.method().equals("GET") || environ.method().equals("HEAD"))
        && !headers.contains("ETag")
        && body.length() >= 0
        && body.length() <= LIMIT;
  }

  /** All bytes; closes the body, which goes no further. */
  private static byte[] read(Body body) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (body) {
      body.writeTo(out);
    }
    return out.toByteArray();
  }

  private static String tag(byte[] bytes) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
    return '"' + HexFormat.of().formatHex(hash, 0, 12) + '"';
  }

  private static boolean isKnown(Environ environ, String tag) {
    String known = environ.header("If-None-Match");
    return known != null
        && Arrays.stream(known.split(","))
            .map(each -> each.strip().replaceFirst("^W/", ""))
            .anyMatch(each -> each.equals("*") || each.equals(tag));
  }
}
