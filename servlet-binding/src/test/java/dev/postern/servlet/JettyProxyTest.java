package dev.postern.servlet;

import org.eclipse.jetty.server.ForwardedRequestCustomizer;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.ProxyConnectionFactory;
import org.junit.jupiter.api.Nested;
import org.springframework.web.filter.ForwardedHeaderFilter;

/** Behind a proxy, in each way that Jetty can be told the client's address. */
class JettyProxyTest {
  @Nested
  class Customizer extends RewrittenAddressContract {
    Customizer() {
      super(
          Server.JETTY,
          deployment ->
              JettyContainer.start(
                  deployment,
                  connector ->
                      connector
                          .getConnectionFactory(HttpConnectionFactory.class)
                          .getHttpConfiguration()
                          .addCustomizer(new ForwardedRequestCustomizer())),
          Preamble.NONE,
          "X-Forwarded-For: " + CLIENT);
    }
  }

  @Nested
  class ProxyProtocol extends RewrittenAddressContract {
    ProxyProtocol() {
      super(
          Server.JETTY,
          deployment ->
              JettyContainer.start(
                  deployment,
                  connector -> connector.addFirstConnectionFactory(new ProxyConnectionFactory())),
          Preamble.PROXY_PROTOCOL);
    }
  }

  @Nested
  class SpringFilter extends RewrittenAddressContract {
    SpringFilter() {
      super(
          Server.JETTY,
          deployment -> JettyContainer.start(deployment.filter(new ForwardedHeaderFilter())),
          Preamble.NONE,
          "Forwarded: for=" + CLIENT);
    }
  }

  /** Real proxies, and Jetty's own way. */
  @Nested
  class ReverseProxyCustomizer extends ReverseProxyContract {
    ReverseProxyCustomizer() {
      super(
          Server.JETTY,
          deployment ->
              JettyContainer.start(
                  deployment,
                  connector ->
                      connector
                          .getConnectionFactory(HttpConnectionFactory.class)
                          .getHttpConfiguration()
                          .addCustomizer(new ForwardedRequestCustomizer())));
    }
  }

  @Nested
  class ReverseProxySpring extends ReverseProxyContract {
    ReverseProxySpring() {
      super(
          Server.JETTY,
          deployment -> JettyContainer.start(deployment.filter(new ForwardedHeaderFilter())));
    }
  }
}
