package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;

class UndertowContractTest extends GatewayContract {
  UndertowContractTest() {
    super(
        Duration.ofSeconds(30),
        Deployed.by(UndertowContainer::start),
        Capability.LOG.lacking(Deployed.NO_LOG),
        Capability.EXACT_HEADERS.lacking(
            "merges spaces, and writes parameters of a type in its own form"));
  }
}
