package dev.postern.launcher.http;

import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.QoSHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Stands before all applications: answers for the server as a whole, and reads what is left of a
 * body after its response. A request whose body is still to come waits for its turn without a
 * thread, once that many others have one: so slow clients never hold the threads of all the others.
 */
public final class FrontHandler extends Handler.Wrapper {
  private final Handler applications;
  private final QoSHandler bodies;
  private final ServerLimits limits;

  public FrontHandler(Handler applications, ServerLimits limits) {
    this.applications = applications;
    this.bodies = new QoSHandler(applications);
    this.limits = limits;
    bodies.setMaxRequestCount(limits.bodies());
    // A connection has one request at a time; their limit is this one's.
    bodies.setMaxSuspendedRequestCount(-1);
    bodies.setMaxSuspend(limits.idle());
    setHandler(bodies);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if ("*".equals(request.getHttpURI().getPath())) {
      // RFC 9110 9.3.7: about the server as a whole.
      response.setStatus(200);
      response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0);
      response.write(true, null, callback);
      return true;
    }
    if (!hasBody(request)) {
      return applications.handle(request, response, callback);
    }
    request.setAttribute("dev.postern.servlet.rest-is-read", true);
    Request paced =
        new PacedBody(request, limits.bodyRate(), () -> bodies.getSuspendedRequestCount() > 0);
    return super.handle(paced, response, new UnreadBody(request, callback, limits.rest()));
  }

  private static boolean hasBody(Request request) {
    return request.getLength() > 0
        || request.getLength() < 0 && request.getHeaders().contains(HttpHeader.TRANSFER_ENCODING);
  }
}
