package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class JettyHttp2ContractTest extends GatewayContract {
  JettyHttp2ContractTest() {
    super(
        Duration.ofSeconds(30), Deployed.overHttp2(JettyContainer::startHttp2), Lacks.JETTY_HTTP2);
  }
}
