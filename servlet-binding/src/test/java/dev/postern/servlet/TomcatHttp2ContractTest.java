package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class TomcatHttp2ContractTest extends GatewayContract {
  TomcatHttp2ContractTest() {
    super(
        Duration.ofSeconds(30),
        Deployed.overHttp2(TomcatContainer::startHttp2),
        Lacks.TOMCAT_HTTP2);
  }
}
