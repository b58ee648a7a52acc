package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class JettyContractTest extends GatewayContract {
  JettyContractTest() {
    super(Duration.ofSeconds(30), Deployed.by(JettyContainer::start), Lacks.JETTY);
  }
}
