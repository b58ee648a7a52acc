package dev.postern.servlet;

import java.util.Map;
import org.junit.jupiter.api.Nested;

class TomcatProgramsTest {
  @Nested
  class Sample extends SampleContract {
    Sample() {
      super(
          Server.TOMCAT,
          TomcatContainer::start,
          Map.of("path that is not UTF-8", "400: only UTF-8 is decoded"));
    }
  }

  @Nested
  class Git extends GitContract {
    Git() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }

  @Nested
  class Django extends DjangoContract {
    Django() {
      super(Server.TOMCAT, TomcatContainer::start);
    }
  }
}
