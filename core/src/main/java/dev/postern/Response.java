package dev.postern;

import static java.util.Objects.requireNonNull;

import org.jspecify.annotations.Nullable;

/**
 * A whole response as a value: status, headers and body. Whoever takes a response from {@link
 * #from} or from a {@link Responder} and does not pass its body on closes that body.
 *
 * <p>Immutable; its body may be for one use.
 */
public final class Response {
  private final int status;
  private final Headers headers;
  private final Body body;

  private Response(int status, Headers headers, Body body) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("response status must be 200 to 599: " + status);
    }
    this.status = status;
    this.headers = requireNonNull(headers, "headers");
    this.body = requireNonNull(body, "body");
  }

  /**
   * A response.
   *
   * @throws IllegalArgumentException when the status is not 200 to 599
   */
  public static Response of(int status, Headers headers, Body body) {
    return new Response(status, headers, body);
  }

  /** A response without a body. */
  public static Response of(int status, Headers headers) {
    return new Response(status, headers, Body.empty());
  }

  /**
   * Calls the application and returns its response as a value, for a middleware that looks at a
   * whole response. The body has not been read. If the application starts a response again later,
   * while the body is written, that call throws the error that the application passes to it,
   * because the response cannot be replaced any more.
   *
   * @throws Exception what the application throws
   * @throws IllegalStateException when it starts no response, a second one, or returns no body
   */
  public static Response from(Application application, Environ environ) throws Exception {
    Capture capture = new Capture();
    Body body = application.call(environ, capture);
    try {
      return capture.response(body);
    } catch (Throwable e) {
      if (body != null) {
        try {
          body.close();
        } catch (Throwable closing) {
          e.addSuppressed(closing);
        }
      }
      throw e;
    }
  }

  /**
   * The reason phrase that RFC 9110 15 gives a status, or "" for one it does not name. For bindings
   * that need one.
   */
  public static String reasonPhrase(int status) {
    return ReasonPhrases.of(status);
  }

  public int status() {
    return status;
  }

  public Headers headers() {
    return headers;
  }

  public Body body() {
    return body;
  }

  /** This response with another status. */
  public Response withStatus(int newStatus) {
    return new Response(newStatus, headers, body);
  }

  /** This response with other headers. */
  public Response withHeaders(Headers newHeaders) {
    return new Response(status, newHeaders, body);
  }

  /**
   * This response with a new body. Closing the new body closes the old one too, so that the new
   * body may read from the old one. This method removes the old body's {@code Content-Length} from
   * the headers; the gateway adds that of the new body if it is known.
   */
  @SuppressWarnings("ReferenceEquality") // The same body would be closed twice.
  public Response withBody(Body newBody) {
    requireNonNull(newBody, "body");
    return newBody == body
        ? this
        : new Response(status, headers.without("Content-Length"), newBody.onClose(body));
  }

  /**
   * This response with one header of that name and value, which replaces all headers of that name.
   *
   * @throws IllegalArgumentException as {@link Headers#with}
   */
  public Response withHeader(String name, String value) {
    return new Response(status, headers.with(name, value), body);
  }

  /**
   * This response with one more header, whether or not it has one of that name.
   *
   * @throws IllegalArgumentException as {@link Headers#plus}
   */
  public Response plusHeader(String name, String value) {
    return new Response(status, headers.plus(name, value), body);
  }

  @Override
  public String toString() {
    return "Response[" + status + ", " + headers + "]";
  }

  /** The start-response callback of {@link #from}. */
  private static final class Capture implements StartResponse {
    private boolean started;
    private boolean taken;
    private int status;
    private @Nullable Headers headers;
    private @Nullable RuntimeException broken;
    private @Nullable RuntimeException refused;

    @Override
    public void start(int newStatus, Headers newHeaders, @Nullable Throwable error) {
      if (taken && error != null) {
        throw Sneaky.<RuntimeException>rethrow(error);
      }
      if (started && error == null) {
        broken =
            new IllegalStateException("application must start its response once: " + newStatus);
        throw broken;
      }
      started = true;
      try {
        ResponseRules.check(newStatus, newHeaders);
      } catch (RuntimeException e) {
        refused = e;
        throw e;
      }
      refused = null;
      status = newStatus;
      headers = newHeaders;
    }

    Response response(@Nullable Body body) {
      if (broken != null) {
        throw broken;
      }
      if (refused != null) {
        throw refused;
      }
      if (headers == null) {
        throw new IllegalStateException("application must start a response before it returns");
      }
      if (body == null) {
        throw new IllegalStateException("application must return a body: null");
      }
      taken = true;
      return new Response(status, headers, body);
    }
  }
}
