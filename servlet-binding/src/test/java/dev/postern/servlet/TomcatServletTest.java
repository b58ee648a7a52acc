package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class TomcatServletTest {
  @Nested
  class Paths extends PathContract {
    Paths() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }
}
