package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.GatewayContract;
import java.time.Duration;
import org.junit.jupiter.api.Nested;

class TomcatOptionsTest {
  @Nested
  class Options extends OptionsContract {
    Options() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  /** The contract, with each exchange on a thread of its own. */
  @Nested
  class OnAnExecutor extends GatewayContract {
    OnAnExecutor() {
      super(
          Duration.ofSeconds(30),
          Deployed.onExecutor(TomcatContainer::start),
          Capability.LOG.lacking(Deployed.NO_LOG),
          Capability.PATH_BYTES.lacking("refused as bad UTF-8"),
          Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form"));
    }
  }
}
