package dev.postern.servlet;

import java.util.Map;
import org.junit.jupiter.api.Nested;

class UndertowProgramsTest {
  @Nested
  class Sample extends SampleContract {
    Sample() {
      super(Server.UNDERTOW, UndertowContainer::start, Map.of());
    }
  }

  @Nested
  class Git extends GitContract {
    Git() {
      super(Server.UNDERTOW, UndertowContainer::start);
    }
  }
}
