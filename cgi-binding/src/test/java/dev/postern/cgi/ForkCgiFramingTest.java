package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** {@link CgiFramingTest} for programs that children of fork servers are. */
class ForkCgiFramingTest extends CgiFramingTest {
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

  /** A server reaps its child a moment later. */
  @Override
  boolean isLeft(String pid) {
    return WarmPrograms.isRunning(pid);
  }

  @AfterEach
  void endWorkers() {
    programs.endWorkers();
  }
}
