package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class JettyServletTest {
  @Nested
  class Paths extends PathContract {
    Paths() {
      super(Server.JETTY, JettyContainer::start);
    }
  }
}
