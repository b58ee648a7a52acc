package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@link CgiFramingTest} for programs that children of fork servers are. */
class ForkCgiFramingTest extends CgiFramingTest {
  @RegisterExtension static final WarmPrograms PROGRAMS = new WarmPrograms(WorkerMode.FORK);

  @Override
  CgiApplication.Builder host(Path program) throws IOException {
    return PROGRAMS.host(program);
  }

  /** A server reaps its child a moment later. */
  @Override
  boolean isLeft(String pid) {
    return WarmPrograms.isRunning(pid);
  }
}
