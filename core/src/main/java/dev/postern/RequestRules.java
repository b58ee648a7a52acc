package dev.postern;

import dev.postern.internal.Escapes;
import dev.postern.internal.Hosts;
import dev.postern.internal.Text;

/** What a request must be before an application is called. */
final class RequestRules {
  private RequestRules() {}

  /**
   * Refuses a request that no application should see.
   *
   * @throws GatewayException with status 400
   */
  static void check(Environ environ) throws GatewayException {
    if (!Text.isToken(environ.method())) {
      throw new GatewayException(
          400, "REQUEST_METHOD must be a token: " + Escapes.quote(environ.method()));
    }
    String length = environ.variable("CONTENT_LENGTH");
    if (length != null && !length.isEmpty() && Text.parseLength(length) < 0) {
      throw new GatewayException(
          400, "CONTENT_LENGTH must be one number of digits: " + Escapes.quote(length));
    }
    String host = environ.variable("HTTP_HOST");
    if (host != null && !Hosts.isHostField(host)) {
      // HAProxy and nginx pass on whatever a client has sent, and it would get into links and
      // pages.
      throw new GatewayException(
          400, "HTTP_HOST must be a host and maybe a port: " + Escapes.quote(host));
    }
  }
}
