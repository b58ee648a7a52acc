package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class UndertowServletTest {
  @Nested
  class PathTest extends PathContract {
    PathTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class VariablesTest extends VariablesContract {
    VariablesTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class RequestHeadersTest extends RequestHeadersContract {
    RequestHeadersTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class ResponseTest extends ResponseContract {
    ResponseTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }
}
