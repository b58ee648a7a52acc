package dev.postern.servlet;

import org.junit.jupiter.api.Nested;
import org.springframework.web.filter.ForwardedHeaderFilter;

/**
 * Behind a proxy. Undertow's own handler of {@code X-Forwarded-For} tells no port, so that such a
 * request is not watched at all.
 */
class UndertowProxyTest {
  @Nested
  class ProxyProtocol extends RewrittenAddressContract {
    ProxyProtocol() {
      super(Server.UNDERTOW, UndertowContainer::startProxyProtocol, Preamble.PROXY_PROTOCOL);
    }
  }

  @Nested
  class SpringFilter extends RewrittenAddressContract {
    SpringFilter() {
      super(
          Server.UNDERTOW,
          deployment -> UndertowContainer.start(deployment.filter(new ForwardedHeaderFilter())),
          Preamble.NONE,
          "X-Forwarded-For: " + CLIENT);
    }
  }

  /** Real proxies. */
  @Nested
  class ReverseProxySpring extends ReverseProxyContract {
    ReverseProxySpring() {
      super(
          Server.UNDERTOW,
          deployment -> UndertowContainer.start(deployment.filter(new ForwardedHeaderFilter())));
    }
  }
}
