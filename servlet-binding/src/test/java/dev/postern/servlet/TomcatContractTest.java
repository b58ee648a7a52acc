package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;

class TomcatContractTest extends GatewayContract {
  TomcatContractTest() {
    super(
        Duration.ofSeconds(30),
        Deployed.by(TomcatContainer::start),
        Capability.LOG.lacking(Deployed.NO_LOG),
        Capability.PATH_BYTES.lacking("refused as bad UTF-8"),
        Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form"));
  }
}
