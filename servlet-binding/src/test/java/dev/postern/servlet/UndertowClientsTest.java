package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

/** Clients that leave or stall while a program runs, and a browser. */
class UndertowClientsTest {
  @Nested
  class ClientGone extends ClientGoneContract {
    ClientGone() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class SlowClient extends SlowClientContract {
    SlowClient() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class Page extends PageContract {
    Page() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }
}
