package dev.postern.launcher.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http2.HTTP2Connection;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.QoSHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Stands before all applications. It answers for the server as a whole, and reads what is left of a
 * body after its response. Only some requests with a body have a thread at once. Further ones wait
 * without a thread, so slow clients never hold all threads.
 */
public final class FrontHandler extends Handler.Wrapper {
  /** The attribute of a request that an application has, or that nobody waits for. */
  private static final String HANDED_ON = FrontHandler.class.getName();

  private final Handler applications;
  private final QoSHandler bodies;
  private final ServerLimits limits;

  public FrontHandler(Handler handler, ServerLimits limits) {
    this.applications =
        new Handler.Wrapper(handler) {
          @Override
          public boolean handle(Request request, Response response, Callback callback)
              throws Exception {
            request.setAttribute(HANDED_ON, true);
            return super.handle(request, response, callback);
          }
        };
    this.bodies = new QoSHandler(applications);
    this.limits = limits;
    bodies.setMaxRequestCount(limits.bodies());
    // As many as HTTP/1 connections can have. One of HTTP/2 can have over a hundred: the server
    // answers more of them with 503.
    bodies.setMaxSuspendedRequestCount(limits.connections());
    bodies.setMaxSuspend(limits.idle());
    setHandler(bodies);
  }

  /** Returns whether the server itself has answered a request, before any application had it. */
  public static boolean isAnsweredByServer(Request request) {
    return request.getAttribute(HANDED_ON) == null;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if ("*".equals(request.getHttpURI().getPath())) {
      // RFC 9110 9.3.7: the target * is for the server as a whole.
      response.setStatus(200);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0);
      response.write(true, null, callback);
      return true;
    }
    Http2Heads heads = Http2FrontDoor.heads(request.getConnectionMetaData());
    if (heads == null) {
      return answer(request, response, callback);
    }
    int stream = Integer.parseInt(request.getId());
    if (!heads.run(stream)) {
      request.setAttribute(HANDED_ON, true);
      callback.failed(new EofException("the client has reset the stream"));
      return true;
    }
    boolean answered = false;
    try {
      answered = answer(request, response, Callback.from(callback, () -> heads.ran(stream)));
      return answered;
    } finally {
      if (!answered) {
        heads.ran(stream);
      }
    }
  }

  private boolean answer(Request request, Response response, Callback callback) throws Exception {
    if (!hasBody(request)) {
      return applications.handle(request, response, callback);
    }
    request.setAttribute("dev.postern.servlet.rest-is-read", true);
    PacedBody paced =
        new PacedBody(request, limits.bodyRate(), () -> bodies.getSuspendedRequestCount() > 0);
    return super.handle(paced, response, new UnreadBody(paced, callback, limits.rest()));
  }

  private static boolean hasBody(Request request) {
    if (request.getLength() >= 0) {
      return request.getLength() > 0;
    }
    return request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING) || isOpenStream(request);
  }

  /** Whether an HTTP/2 client may still send: its body needs no header that says so. */
  private static boolean isOpenStream(Request request) {
    if (request.getConnectionMetaData().getConnection() instanceof HTTP2Connection connection) {
      Stream stream = connection.getSession().getStream(Integer.parseInt(request.getId()));
      return stream != null && !stream.isRemotelyClosed();
    }
    return false;
  }
}
