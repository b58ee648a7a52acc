package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class UndertowServletTest {
  @Nested
  class Paths extends PathContract {
    Paths() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }
}
