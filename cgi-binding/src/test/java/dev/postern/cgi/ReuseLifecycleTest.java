package dev.postern.cgi;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@link LifecycleTest} for programs that workers are. */
class ReuseLifecycleTest extends LifecycleTest {
  @RegisterExtension static final WarmPrograms PROGRAMS = new WarmPrograms(WorkerMode.REUSE);

  @Override
  CgiApplication.Builder host(Path program) throws IOException {
    return PROGRAMS.host(program);
  }
}
