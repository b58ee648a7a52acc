package dev.postern.servlet;

import org.apache.catalina.valves.RemoteIpValve;
import org.junit.jupiter.api.Nested;
import org.springframework.web.filter.ForwardedHeaderFilter;

/** Behind a proxy, in each way that Tomcat can be told the client's address. */
class TomcatProxyTest {
  /** It also takes the header away. */
  @Nested
  class Valve extends RewrittenAddressContract {
    Valve() {
      super(
          Server.TOMCAT,
          deployment ->
              TomcatContainer.start(
                  deployment,
                  tomcat -> tomcat.getEngine().getPipeline().addValve(new RemoteIpValve())),
          Preamble.NONE,
          "X-Forwarded-For: " + CLIENT);
    }
  }

  @Nested
  class SpringFilter extends RewrittenAddressContract {
    SpringFilter() {
      super(
          Server.TOMCAT,
          deployment -> TomcatContainer.start(deployment.filter(new ForwardedHeaderFilter())),
          Preamble.NONE,
          "X-Forwarded-For: " + CLIENT);
    }
  }

  /** Real proxies, and Tomcat's own way. */
  @Nested
  class ReverseProxyValve extends ReverseProxyContract {
    ReverseProxyValve() {
      super(
          Server.TOMCAT,
          deployment ->
              TomcatContainer.start(
                  deployment,
                  tomcat -> tomcat.getEngine().getPipeline().addValve(new RemoteIpValve())));
    }
  }

  @Nested
  class ReverseProxySpring extends ReverseProxyContract {
    ReverseProxySpring() {
      super(
          Server.TOMCAT,
          deployment -> TomcatContainer.start(deployment.filter(new ForwardedHeaderFilter())));
    }
  }
}
