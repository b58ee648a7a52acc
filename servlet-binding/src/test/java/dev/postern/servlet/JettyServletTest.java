package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

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
  class ExtensionTest extends ExtensionContract {
    ExtensionTest() {
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

  @Nested
  class Http2Test extends Http2Contract {
    Http2Test() {
      super(Server.JETTY, JettyContainer::startHttp2);
    }
  }

  /** R17: what Jetty refuses by default, the gateway passes on. */
  @Nested
  class LenientTest extends ContainerContract {
    LenientTest() {
      super(Server.JETTY, JettyContainer::startLenient);
    }

    @Test
    void pathInfo_isTheBytesThatWereSent() throws Exception {
      int port = start(Deployment.at("/app").application(DUMP, "/x/*"));
      Map<String, String> expected = new LinkedHashMap<>();
      expected.put("/app/x//b//", "//b//");
      expected.put("/app/x//", "//");
      expected.put("/app/x/;p/b", "/;p/b");
      expected.put("/app/x/%ff", "/\u00ff");
      expected.put("/app/x/%252e", "/%2e");
      expected.put("/app/x/a%5cb", "/a\\b");
      // dot segments: as Jetty's own security constraints have seen them
      expected.put("/app/x/b/%2e%2e/a", "/a");
      expected.put("/app/x/b/..;/a", "/a");
      for (Map.Entry<String, String> row : expected.entrySet()) {
        Map<String, String> variables = variables(port, row.getKey());
        assertThat(variables).as(row.getKey()).containsEntry("PATH_INFO", row.getValue());
        assertThat(variables).as(row.getKey()).containsEntry("SCRIPT_NAME", "/app/x");
      }
    }
  }

  @Nested
  class FilterTest extends FilterContract {
    FilterTest() {
      super(Server.JETTY, JettyContainer::start);
    }
  }
}
