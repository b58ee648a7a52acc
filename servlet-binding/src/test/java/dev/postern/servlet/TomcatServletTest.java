package dev.postern.servlet;

import org.junit.jupiter.api.Nested;

class TomcatServletTest {
  @Nested
  class PathTest extends PathContract {
    PathTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class VariablesTest extends VariablesContract {
    VariablesTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class RequestHeadersTest extends RequestHeadersContract {
    RequestHeadersTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class ResponseTest extends ResponseContract {
    ResponseTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class CutTest extends CutContract {
    CutTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class ExtensionTest extends ExtensionContract {
    ExtensionTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class StreamingTest extends StreamingContract {
    StreamingTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class DeploymentTest extends DeploymentContract {
    DeploymentTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class Http2Test extends Http2Contract {
    Http2Test() {
      super(Server.TOMCAT, TomcatContainer::startHttp2);
    }
  }

  @Nested
  class FilterTest extends FilterContract {
    FilterTest() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }
}
