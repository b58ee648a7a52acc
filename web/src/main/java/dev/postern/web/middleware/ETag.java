package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.Response;
import dev.postern.StartResponse;
import dev.postern.web.Request;
import dev.postern.web.Responses;
import dev.postern.web.internal.FieldList;
import dev.postern.web.internal.HeldStart;
import dev.postern.web.internal.HttpDate;
import dev.postern.web.internal.Wrapped;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Conditional GET (RFC 9110 13) for applications that do nothing about it. A response of status 200
 * without an {@code ETag} gets one that is made of its bytes. A client that has the representation
 * already gets a 304. A client whose {@code If-Match} or {@code If-Unmodified-Since} does not hold
 * gets a 412.
 *
 * <p>Only a body whose length is known and small is read for that, by default up to 64 KiB. Another
 * body may be a stream that never ends. A response with {@code Cache-Control: no-store} is left
 * alone. A tag or {@code Last-Modified} of the application counts in any case.
 *
 * <p>Put this middleware inside of {@link Gzip}, which makes the tag a weak one. Immutable,
 * thread-safe.
 */
public final class ETag implements Middleware {
  private static final int LIMIT = 64 * 1024;

  private final int limit;

  private ETag(int limit) {
    this.limit = limit;
  }

  /** Tags bodies of up to 64 KiB. */
  public static ETag of() {
    return new ETag(LIMIT);
  }

  /** Tags bodies of up to {@code limit} bytes, which are held in memory. */
  public static ETag of(int limit) {
    if (limit < 0) {
      throw new IllegalArgumentException("limit must not be negative: " + limit);
    }
    return new ETag(limit);
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "ETag", this::call);
  }

  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    if (!environ.method().equals("GET") && !environ.method().equals("HEAD")) {
      return application.call(environ, startResponse);
    }
    HeldStart held = new HeldStart(startResponse);
    Body body = application.call(environ, held);
    if (body == null || !held.isStarted()) {
      held.release();
      return body;
    }
    try {
      if (held.status() != 200) {
        held.release();
        return body;
      }
      if (isTaggable(environ, held.headers(), body)) {
        body = Body.of(held.read(body)).onClose(body);
        if (held.status() == 200) {
          String tag = tag(body);
          return answer(environ, held, held.headers().with("ETag", tag), body);
        }
        held.release();
        return body;
      }
      return answer(environ, held, held.headers(), body);
    } catch (Throwable e) {
      Wrapped.abandon(body, e);
      throw e;
    }
  }

  private Body answer(Environ environ, HeldStart held, Headers headers, Body body) {
    String modified = headers.get("Last-Modified");
    Instant time = modified == null ? null : HttpDate.parse(modified);
    @Nullable String tag = headers.get("ETag");
    int condition = tag == null && time == null ? 0 : Request.of(environ).condition(tag, time);
    if (condition == 0) {
      held.release(200, headers, null);
      return body;
    }
    Headers sent =
        headers
            .without("Content-Length")
            .without("Content-Type")
            .without("Content-Encoding")
            .without("Content-Language")
            .without("Content-Range");
    if (condition == 304) {
      held.release(304, sent, null);
      return Body.empty().onClose(body);
    }
    Response refused = Responses.status(condition);
    held.release(condition, refused.headers(), null);
    return refused.body().onClose(body);
  }

  private boolean isTaggable(Environ environ, Headers headers, Body body) {
    String cache = headers.get("Cache-Control");
    long length = body.length();
    return !headers.contains("ETag")
        && (cache == null || !FieldList.hasToken(cache, "no-store"))
        && length >= 0
        && length <= limit
        // For HEAD an application may leave the body out.
        && (length > 0 || environ.method().equals("GET"));
  }

  private static String tag(Body body) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (java.nio.ByteBuffer block : body) {
      digest.update(block);
    }
    return '"' + HexFormat.of().formatHex(digest.digest(), 0, 12) + '"';
  }

  @Override
  public String toString() {
    return "ETag.of(" + limit + ")";
  }
}
