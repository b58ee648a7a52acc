package dev.postern.fastcgi.servlet;

import dev.postern.testing.InMemoryGateway;

/** The loop without a container: it lacks nothing. */
class MemoryLoopTest extends LoopContract {
  MemoryLoopTest() {
    super(false, (client, close) -> InMemoryGateway.of(client).client());
  }
}
