package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;

class JettyContractTest extends GatewayContract {
  JettyContractTest() {
    super(
        Duration.ofSeconds(30),
        Deployed.by(JettyContainer::start),
        Capability.LOG.lacking(Deployed.NO_LOG),
        Capability.ANY_PATH.lacking("refused as ambiguous, unless its UriCompliance allows them"),
        Capability.PATH_BYTES.lacking("refused, unless its UriCompliance allows them"),
        Capability.EXACT_HEADERS.lacking("well-known types have one form"));
  }
}
