package dev.postern.testing;

/** The gateway in memory keeps the contract whole. */
class InMemoryContractTest extends GatewayContract {
  InMemoryContractTest() {
    super(
        application -> InMemoryGateway.of(application).client(),
        Capability.CONTINUE.lacking("nothing waits in memory"));
  }
}
