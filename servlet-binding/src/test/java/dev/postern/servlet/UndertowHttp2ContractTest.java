package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class UndertowHttp2ContractTest extends GatewayContract {
  UndertowHttp2ContractTest() {
    super(
        Duration.ofSeconds(30),
        Deployed.overHttp2(UndertowContainer::startHttp2),
        Lacks.UNDERTOW_HTTP2);
  }
}
