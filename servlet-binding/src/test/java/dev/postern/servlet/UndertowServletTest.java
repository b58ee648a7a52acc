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

  @Nested
  class CutTest extends CutContract {
    CutTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class ExtensionTest extends ExtensionContract {
    ExtensionTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class StreamingTest extends StreamingContract {
    StreamingTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class DeploymentTest extends DeploymentContract {
    DeploymentTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }

  @Nested
  class Http2Test extends Http2Contract {
    Http2Test() {
      super(Server.UNDERTOW, UndertowContainer::startHttp2);
    }
  }

  @Nested
  class FilterTest extends FilterContract {
    FilterTest() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }
}
