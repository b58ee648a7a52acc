package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

/** Clients that leave or stall while a program runs. */
class TomcatClientsTest {
  @Nested
  class ClientGone extends ClientGoneContract {
    ClientGone() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class SlowClient extends SlowClientContract {
    SlowClient() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }
}
