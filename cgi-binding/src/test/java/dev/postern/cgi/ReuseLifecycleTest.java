package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** {@link LifecycleTest} for programs that workers are. */
class ReuseLifecycleTest extends LifecycleTest {
  private static WarmPrograms programs;

  @BeforeAll
  static void begin() {
    programs = new WarmPrograms(WorkerMode.REUSE);
  }

  @AfterAll
  static void end() {
    if (programs != null) {
      programs.close();
    }
  }

  @Override
  CgiApplication.Builder host(Path program) throws IOException {
    return programs.host(program);
  }

  @AfterEach
  void endWorkers() {
    programs.endWorkers();
  }
}
