package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** {@link LifecycleTest} for programs that children of fork servers are. */
class ForkLifecycleTest extends LifecycleTest {
  private static WarmPrograms programs;

  @BeforeAll
  static void begin() {
    programs = new WarmPrograms(WorkerMode.FORK);
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

  /** A fork server keeps the number of a child as a zombie until the request lets go of it. */
  @Override
  boolean isLeft(long program) {
    return isRunning(program);
  }

  @AfterEach
  void endWorkers() {
    programs.endWorkers();
  }
}
