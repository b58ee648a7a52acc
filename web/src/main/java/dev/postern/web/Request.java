package dev.postern.web;

import static java.util.Objects.requireNonNull;

import dev.postern.Environ;
import dev.postern.HttpException;
import dev.postern.internal.Escapes;
import dev.postern.web.internal.Ascii;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An {@link Environ} as a handler wants it: parameters, cookies, a form, what the client accepts.
 * This view costs nothing, because each method reads what it needs when it is called.
 *
 * <pre>{@code
 * Request request = Request.of(environ);
 * String name = request.query("name");
 * }</pre>
 *
 * <p>If the client has sent something wrong, a method throws an {@link HttpException} with status
 * 400, 413, 415, 416 or 431. The handler lets the exception pass, and the client gets that status.
 *
 * <p>A body can be read once. {@link #form()} and {@link #multipart()} keep what they have read in
 * the environ, so a middleware and the application may both call them.
 *
 * <p>Confined to the request's thread, as the environ is.
 */
public final class Request {
  private static final String FORM = "web.form";
  private static final String MULTIPART = "web.multipart";

  private final Environ environ;
  private final Limits limits;

  private Request(Environ environ, Limits limits) {
    this.environ = environ;
    this.limits = limits;
  }

  /** A view of this request, with the limits of {@link Limits#of()}. */
  public static Request of(Environ environ) {
    return new Request(requireNonNull(environ, "environ"), Limits.of());
  }

  /** A view of this request with other limits. */
  public static Request of(Environ environ, Limits limits) {
    return new Request(requireNonNull(environ, "environ"), requireNonNull(limits, "limits"));
  }

  /** The environ behind this view. */
  public Environ environ() {
    return environ;
  }

  // ---- parameters ----

  /**
   * The parameters of QUERY_STRING (WHATWG URL, 5.1), decoded as UTF-8.
   *
   * @throws HttpException with status 400 when a percent sign is not followed by two hexadecimal
   *     digits, when the bytes are no UTF-8, or when there are too many
   */
  public Parameters query() {
    return UrlEncoded.parse(environ.queryString(), true, limits.parameters(), 400);
  }

  /** The first parameter of that name in the query, or null. Throws as {@link #query()}. */
  public @Nullable String query(String name) {
    return query().get(name);
  }

  /**
   * The fields of a form: of the type {@code application/x-www-form-urlencoded}, or the fields that
   * are no files of {@code multipart/form-data}. A request without a body has none.
   *
   * @throws HttpException with status 400 as {@link #query()}, with 413 when the body or the number
   *     of its fields is over the limit, with 415 when it is of another type or charset
   */
  public Parameters form() throws IOException {
    if (environ.get(FORM) instanceof Parameters known) {
      return known;
    }
    MediaType type = contentType();
    Parameters form;
    if (type == null) {
      if (environ.contentLength() > 0) {
        throw new HttpException(415, "form must have a Content-Type");
      }
      form = Parameters.of();
    } else if (type.is("multipart/form-data")) {
      form = multipart().fields();
    } else {
      form = urlEncoded(type);
    }
    environ.put(FORM, form);
    return form;
  }

  private Parameters urlEncoded(MediaType type) throws IOException {
    if (!type.is("application/x-www-form-urlencoded")) {
      throw new HttpException(
          415, "form must be of a form's type: " + Escapes.quote(type.essence()));
    }
    Charset charset = type.charset(StandardCharsets.UTF_8);
    if (!charset.equals(StandardCharsets.UTF_8) && !charset.equals(StandardCharsets.US_ASCII)) {
      throw new HttpException(415, "form must be UTF-8: " + charset.name());
    }
    String body = new String(bytes(), StandardCharsets.ISO_8859_1);
    return UrlEncoded.parse(body, true, limits.parameters(), 413);
  }

  /** The first field of that name in the form, or null. Throws as {@link #form()}. */
  public @Nullable String form(String name) throws IOException {
    return form().get(name);
  }

  /**
   * The whole form of a {@code multipart/form-data} body. Small parts are kept in memory, others in
   * files that are deleted when the request ends. Needs {@code
   * org.apache.commons:commons-fileupload2-core} on the class path.
   *
   * @throws HttpException with status 400 when the body is malformed, 413 when it is over a limit,
   *     415 when it is of another type
   */
  public Multipart multipart() throws IOException {
    if (environ.get(MULTIPART) instanceof Multipart known) {
      return known;
    }
    Multipart multipart = Multipart.read(environ, contentType(), limits);
    environ.put(MULTIPART, multipart);
    return multipart;
  }

  /**
   * Hands the parts of a {@code multipart/form-data} body to a consumer while they come, without
   * keeping any of them. Throws as {@link #multipart()}, and what the consumer throws.
   */
  public void multipart(PartConsumer consumer) throws Exception {
    Multipart.stream(environ, contentType(), limits, requireNonNull(consumer, "consumer"));
  }

  /** Takes the parts of a form, one after the other. */
  @FunctionalInterface
  public interface PartConsumer {
    /**
     * Called for each part, on the request's thread. Bytes that the consumer leaves unread are
     * passed over.
     */
    void accept(Part part) throws Exception;
  }

  // ---- cookies ----

  /**
   * All cookies, in the order of the header. Values are bytes as chars, as they were sent.
   *
   * @throws HttpException with status 431 when there are too many
   */
  public Parameters cookies() {
    return CookieHeader.all(environ, limits.parameters());
  }

  /**
   * The value of the first cookie of that name, or null. A browser sends the cookie of the longest
   * path first.
   */
  public @Nullable String cookie(String name) {
    return CookieHeader.find(environ, name);
  }

  // ---- the body ----

  /**
   * The type of the body, or null when the request says none.
   *
   * @throws HttpException with status 400 when it is malformed
   */
  public @Nullable MediaType contentType() {
    String header = environ.contentType();
    if (header == null || header.isEmpty()) {
      return null;
    }
    MediaType type = MediaType.parse(header);
    if (type == null) {
      throw new HttpException(400, "Content-Type must be a media type: " + Escapes.quote(header));
    }
    return type;
  }

  /**
   * The whole body.
   *
   * @throws HttpException with status 413 when it is longer than {@link Limits#withBodyBytes}
   */
  public byte[] bytes() throws IOException {
    int most = Received.most(limits.bodyBytes());
    if (environ.contentLength() > most) {
      throw Received.tooLong(most, "request body");
    }
    return Received.bytes(environ.input(), most, most, "request body");
  }

  /**
   * The whole body as text, in the charset of its Content-Type, else in UTF-8.
   *
   * @throws HttpException with status 400 when it is malformed in its charset, 413 when it is too
   *     long, 415 when its charset is unknown
   */
  public String text() throws IOException {
    Charset charset = Received.charset(contentType());
    return Received.text(bytes(), charset, "request body");
  }

  /**
   * Refuses a body of another type.
   *
   * @throws HttpException with status 415 when the Content-Type is none of these
   */
  public void requireType(String... essences) {
    MediaType type = contentType();
    for (String essence : essences) {
      if (type != null && type.is(essence)) {
        return;
      }
    }
    throw new HttpException(
        415, "request body must be of another type: " + (type == null ? "none" : type.essence()));
  }

  // ---- negotiation ----

  /**
   * The best of these media types by {@code Accept}, the first of equally good ones; null when none
   * of them is acceptable, which is a 406. A type may have parameters.
   *
   * @throws IllegalArgumentException when an offer is no media type
   */
  public @Nullable String accepts(String... offers) {
    return Accept.type(environ.header("Accept"), offers);
  }

  /**
   * The best of these content codings by {@code Accept-Encoding}, the first of equally good ones.
   * {@code identity} is acceptable unless the client rules it out.
   */
  public @Nullable String acceptsEncoding(String... offers) {
    return Accept.encoding(environ.header("Accept-Encoding"), offers);
  }

  /** The best of these languages by {@code Accept-Language} (RFC 4647), or null. */
  public @Nullable String acceptsLanguage(String... offers) {
    return Accept.language(environ.header("Accept-Language"), offers);
  }

  // ---- conditions and ranges ----

  /**
   * Whether a conditional request is to be carried out, by RFC 9110 13.2.2.
   *
   * @param tag the entity tag that the representation has, as {@code "x"} or {@code W/"x"}; or null
   * @param modified when the representation was changed; or null
   * @return 0 when it is to be carried out, 304 when the client has the representation, 412 when
   *     the representation is another one than the client expects
   */
  public int condition(@Nullable String tag, @Nullable Instant modified) {
    return Conditions.evaluate(environ, tag, modified);
  }

  /**
   * The ranges of bytes that a GET asks for; null when the whole representation is to be sent. That
   * is also so when {@code If-Range} says it, for another unit, for a malformed field, and for
   * ranges that together are longer than the whole. A date in {@code If-Range} counts from 60
   * seconds after the change on, because a file may change twice in a second.
   *
   * @param length of the representation in bytes
   * @param tag as for {@link #condition}
   * @param modified as for {@link #condition}
   * @throws HttpException with status 416 when no range has a byte of the representation
   */
  public @Nullable List<ByteRange> ranges(
      long length, @Nullable String tag, @Nullable Instant modified) {
    String field = environ.header("Range");
    if (field == null
        || !environ.method().equals("GET")
        || !Conditions.ifRange(environ, tag, modified)) {
      return null;
    }
    return ByteRanges.parse(field, length);
  }

  // ---- who and where ----

  /** What the {@code Authorization} header says, unchecked; null when there is none. */
  public @Nullable Credentials credentials() {
    return Credentials.parse(environ.header("Authorization"));
  }

  /**
   * The URL of the application without a slash at its end: scheme, host and SCRIPT_NAME, encoded.
   * The host is what the client says.
   */
  public String baseUrl() {
    Environ base = environ.copy();
    base.put("PATH_INFO", "");
    base.put("QUERY_STRING", "");
    return base.url();
  }

  /**
   * A link to a path of this application, from the root of its host: SCRIPT_NAME and the path,
   * percent-encoded. If they start with two slashes, the link starts with {@code /.}, because it
   * would name another host otherwise.
   *
   * @param path text that starts with a slash, without a query
   */
  public String link(String path) {
    checkPath(path);
    String scriptName = environ.variable("SCRIPT_NAME");
    return Ascii.link((scriptName == null ? "" : scriptName) + Ascii.bytes(path));
  }

  /**
   * A link to a path of this application, relative to the URL of this request: {@code ../b/c}. The
   * link also works when a proxy has removed the start of the path.
   *
   * @param path text that starts with a slash, without a query
   */
  public String relativeLink(String path) {
    checkPath(path);
    String scriptName = environ.variable("SCRIPT_NAME");
    String pathInfo = environ.variable("PATH_INFO");
    String from = pathInfo == null ? "" : pathInfo;
    String target = Ascii.encodedPath(Ascii.bytes(path).substring(1));
    if (from.isEmpty()) {
      // The browser takes the last segment of SCRIPT_NAME for a file of the directory above it.
      String script = scriptName == null ? "" : scriptName;
      return "./" + Ascii.encodedPath(script.substring(script.lastIndexOf('/') + 1)) + "/" + target;
    }
    StringBuilder link = new StringBuilder();
    for (int i = 1; i < from.length(); i++) {
      if (from.charAt(i) == '/') {
        link.append("../");
      }
    }
    // Without "./", a colon in the first segment would end a scheme, and an empty link would be the
    // page itself.
    return (link.length() == 0 ? "./" : link.toString()) + target;
  }

  private static void checkPath(String path) {
    if (path.isEmpty() || path.charAt(0) != '/') {
      throw new IllegalArgumentException("path must start with a slash: " + Escapes.quote(path));
    }
  }

  @Override
  public String toString() {
    return "Request.of(" + environ + ")";
  }
}
