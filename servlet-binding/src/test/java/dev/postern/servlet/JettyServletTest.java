package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class JettyServletTest {
  @Nested
  class PathTest extends PathContract {
    PathTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class VariablesTest extends VariablesContract {
    VariablesTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class RequestHeadersTest extends RequestHeadersContract {
    RequestHeadersTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class ResponseTest extends ResponseContract {
    ResponseTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class CutTest extends CutContract {
    CutTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class StreamingTest extends StreamingContract {
    StreamingTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class DeploymentTest extends DeploymentContract {
    DeploymentTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }
}
