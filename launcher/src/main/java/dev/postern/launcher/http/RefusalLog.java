package dev.postern.launcher.http;

import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.server.ConnectionMetaData;

/**
 * A log of requests that the server refuses before Jetty makes a request of them, so that Jetty's
 * own log never has them. The server's {@code RequestLog} may be one.
 */
public interface RefusalLog {
  /** Notes a request that is answered with this status and no body. */
  void refused(MetaData.Request head, ConnectionMetaData connection, int status);
}
