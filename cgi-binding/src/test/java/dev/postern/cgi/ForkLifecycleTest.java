package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@link LifecycleTest} for programs that children of fork servers are. */
class ForkLifecycleTest extends LifecycleTest {
  @RegisterExtension static final WarmPrograms PROGRAMS = new WarmPrograms(WorkerMode.FORK);

  @Override
  CgiApplication.Builder host(Path program) throws IOException {
    return PROGRAMS.host(program);
  }

  /** A fork server keeps the number of a child as a zombie until the request lets go of it. */
  @Override
  boolean isLeft(long program) {
    return isRunning(program);
  }
}
