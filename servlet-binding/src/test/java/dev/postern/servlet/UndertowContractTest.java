package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class UndertowContractTest extends GatewayContract {
  UndertowContractTest() {
    super(Duration.ofSeconds(30), Deployed.by(UndertowContainer::start), Lacks.UNDERTOW);
  }
}
