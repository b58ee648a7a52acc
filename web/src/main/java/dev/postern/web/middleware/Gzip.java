package dev.postern.web.middleware;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Middleware;
import dev.postern.StartResponse;
import dev.postern.web.MediaType;
import dev.postern.web.Request;
import dev.postern.web.internal.Ascii;
import dev.postern.web.internal.FieldList;
import dev.postern.web.internal.HeldStart;
import dev.postern.web.internal.Wrapped;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Compresses responses for clients that accept gzip. A stream stays a stream: a flush of the
 * application sends all that it has written.
 *
 * <p>This middleware compresses text, JSON, XML, JavaScript, SVG, WebAssembly and fonts that are
 * not compressed already, from 512 bytes on if the length is known. It leaves responses with {@code
 * Content-Encoding}, {@code Content-Range} or {@code Cache-Control: no-transform} alone. {@code
 * Vary: Accept-Encoding} tells caches that there are two forms, and an {@code ETag} becomes a weak
 * one, also in a 304 for a client that has the weak one.
 *
 * <p>A page that holds a secret next to a text that a stranger chooses must not be compressed under
 * TLS (BREACH). Immutable, thread-safe.
 */
public final class Gzip implements Middleware {
  private final Predicate<? super MediaType> types;
  private final int minimum;
  private final int level;

  private Gzip(Predicate<? super MediaType> types, int minimum, int level) {
    this.types = types;
    this.minimum = minimum;
    this.level = level;
  }

  /** Compresses the types above at level 6. */
  public static Gzip of() {
    return new Gzip(Gzip::isCompressible, 512, 6);
  }

  /** The media types that are compressed. */
  public Gzip withTypes(Predicate<? super MediaType> newTypes) {
    return new Gzip(newTypes, minimum, level);
  }

  /** The known length from which on a response is compressed, in bytes; 512 by default. */
  public Gzip withMinimum(int bytes) {
    return new Gzip(types, bytes, level);
  }

  /** The level of compression, from 1 (fastest) to 9 (smallest); 6 by default. */
  public Gzip withLevel(int newLevel) {
    return new Gzip(types, minimum, GzipBody.checkedLevel(newLevel));
  }

  private static boolean isCompressible(MediaType type) {
    String subtype = type.subtype();
    return switch (type.type()) {
      case "text" -> !subtype.equals("event-stream");
      case "application" ->
          subtype.equals("json")
              || subtype.endsWith("+json")
              || subtype.equals("xml")
              || subtype.endsWith("+xml")
              || subtype.equals("javascript")
              || subtype.equals("wasm");
      case "image" -> subtype.equals("svg+xml") || subtype.equals("bmp");
      case "font" -> subtype.equals("ttf") || subtype.equals("otf");
      default -> false;
    };
  }

  @Override
  public Application wrap(Application application) {
    return Wrapped.of(application, "Gzip", this::call);
  }

  private Body call(Application application, Environ environ, StartResponse startResponse)
      throws Exception {
    boolean accepted = "gzip".equals(Request.of(environ).acceptsEncoding("gzip", "identity"));
    String ifNoneMatch = environ.header("If-None-Match");
    HeldStart held = new HeldStart(startResponse);
    Body body = application.call(environ, held);
    if (body == null || !held.isStarted()) {
      held.release();
      return body;
    }
    Headers headers = held.headers();
    try {
      if (isValidation(held.status(), headers)) {
        Headers known = varied(headers);
        held.release(304, accepted && hasWeak(ifNoneMatch, known) ? weak(known) : known, null);
        return body;
      }
      if (!isCompressible(held.status(), headers, body)) {
        held.release();
        return body;
      }
      if (!accepted) {
        held.release(held.status(), varied(headers), null);
        return body;
      }
      GzipBody zipped = new GzipBody(body, level);
      held.onReplace(zipped::restart);
      held.release(
          held.status(),
          zipped(varied(headers)),
          (status, late) -> {
            boolean left = isLeftAlone(status, late);
            zipped.passes(left);
            return left ? late : zipped(varied(late));
          });
      return zipped;
    } catch (Throwable e) {
      Wrapped.abandon(body, e);
      throw e;
    }
  }

  /** Whether the response must stay as it is, whatever its type and length are. */
  private static boolean isLeftAlone(int status, Headers headers) {
    return status == 204
        || status == 205
        || status == 206
        || status == 304
        || headers.contains("Content-Range")
        || isAsItIs(headers);
  }

  private static boolean isAsItIs(Headers headers) {
    String cache = headers.get("Cache-Control");
    return isEncoded(headers) || cache != null && FieldList.hasToken(cache, "no-transform");
  }

  /**
   * Whether this is a 304 that validates a response. A 304 has the ETag and the Vary of the 200
   * (RFC 9110 15.4.5). It does not tell the type of that, so each such 200 is taken for one that
   * varies.
   */
  private static boolean isValidation(int status, Headers headers) {
    return status == 304
        && (headers.contains("ETag") || headers.contains("Last-Modified"))
        && !isAsItIs(headers);
  }

  /**
   * Whether the client has the weak form of the response's tag, which only a compressed response
   * has. A client that has the strong form still needs it for {@code If-Match} and {@code
   * If-Range}.
   */
  private static boolean hasWeak(@Nullable String ifNoneMatch, Headers headers) {
    String tag = headers.get("ETag");
    return ifNoneMatch != null && tag != null && ifNoneMatch.contains("W/" + tag);
  }

  private boolean isCompressible(int status, Headers headers, Body body) {
    if (isLeftAlone(status, headers)) {
      return false;
    }
    String declared = headers.get("Content-Length");
    long length = declared == null ? body.length() : Ascii.number(declared);
    String type = headers.get("Content-Type");
    MediaType parsed = type == null ? null : MediaType.parse(type);
    return (length < 0 || length >= minimum) && parsed != null && types.test(parsed);
  }

  /**
   * Whether the response has a coding already. {@code identity} is no coding, and stands in this
   * field by mistake (RFC 9110 12.5.3).
   */
  private static boolean isEncoded(Headers headers) {
    for (String coding : headers.all("Content-Encoding")) {
      if (!coding.equalsIgnoreCase("identity")) {
        return true;
      }
    }
    return false;
  }

  private static Headers varied(Headers headers) {
    for (String vary : headers.all("Vary")) {
      if (FieldList.hasToken(vary, "Accept-Encoding") || FieldList.hasToken(vary, "*")) {
        return headers;
      }
    }
    return headers.plus("Vary", "Accept-Encoding");
  }

  private static Headers zipped(Headers headers) {
    return weak(headers.without("Content-Length").without("Accept-Ranges"))
        .with("Content-Encoding", "gzip");
  }

  private static Headers weak(Headers headers) {
    String tag = headers.get("ETag");
    return tag == null || tag.startsWith("W/") ? headers : headers.with("ETag", "W/" + tag);
  }

  @Override
  public String toString() {
    return "Gzip.of()";
  }
}
