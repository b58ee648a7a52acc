package dev.postern.servlet;

import java.util.Map;
import org.junit.jupiter.api.Nested;

class JettyProgramsTest {
  @Nested
  class Sample extends SampleContract {
    Sample() {
      super(
          Server.JETTY,
          JettyContainer::start,
          Map.of(
              "path that is not UTF-8", "400: only UTF-8 is decoded",
              "path with space, plus and percent", "400: an encoded percent sign is ambiguous",
              "path with two slashes", "400: an empty segment is ambiguous"));
    }
  }

  @Nested
  class Git extends GitContract {
    Git() {
      super(Server.JETTY, JettyContainer::start);
    }
  }

  @Nested
  class Django extends DjangoContract {
    Django() {
      super(Server.JETTY, JettyContainer::start);
    }
  }
}
