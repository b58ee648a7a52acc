package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;

class TomcatContractTest extends GatewayContract {
  TomcatContractTest() {
    super(
        Deployed.by(TomcatContainer::start),
        Capability.LOG.lacking(Deployed.NO_LOG),
        Capability.PATH_BYTES.lacking("refused as bad UTF-8"),
        Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form"));
  }
}
