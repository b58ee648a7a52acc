package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

class UndertowOptionsTest {
  @Nested
  class Options extends OptionsContract {
    Options() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  /** The contract, with each exchange on a thread of its own. */
  @Nested
  class OnAnExecutor extends GatewayContract {
    OnAnExecutor() {
      super(
          Duration.ofSeconds(30),
          Deployed.onExecutor(UndertowContainer::start),
          Capability.LOG.lacking(Deployed.NO_LOG),
          Capability.EXACT_HEADERS.lacking(
              "merges spaces, and writes parameters of a type in its own form"));
    }
  }
}
