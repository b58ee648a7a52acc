package dev.postern.servlet;

import dev.postern.testing.GatewayContract;
import java.time.Duration;

class TomcatContractTest extends GatewayContract {
  TomcatContractTest() {
    super(Duration.ofSeconds(30), Deployed.by(TomcatContainer::start), Lacks.TOMCAT);
  }
}
