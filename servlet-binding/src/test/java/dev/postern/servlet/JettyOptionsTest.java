package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

class JettyOptionsTest {
  @Nested
  class Options extends OptionsContract {
    Options() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  /** The contract, with each exchange on a thread of its own. */
  @Nested
  class OnAnExecutor extends GatewayContract {
    OnAnExecutor() {
      super(
          Duration.ofSeconds(30),
          Deployed.onExecutor(JettyContainer::start),
          Capability.LOG.lacking(Deployed.NO_LOG),
          Capability.ANY_PATH.lacking("refused as ambiguous, unless its UriCompliance allows them"),
          Capability.PATH_BYTES.lacking("refused, unless its UriCompliance allows them"),
          Capability.EXACT_HEADERS.lacking("well-known types have one form"));
    }
  }
}
