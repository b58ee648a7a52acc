package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.testing.ApplicationContract;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** The contract of applications whose programs workers are. */
class ReuseApplicationContractTest extends ApplicationContract {
  ReuseApplicationContractTest() {
    super(Duration.ofSeconds(30), ReuseApplicationContractTest::open);
  }

  private static Application open(Path program, Duration silence) throws IOException {
    WarmPrograms programs = new WarmPrograms(WorkerMode.REUSE);
    CgiApplication application =
        programs.host(program).headerTimeout(silence).idleTimeout(silence).build();
    return new Hosted(application, programs);
  }

  private record Hosted(CgiApplication application, WarmPrograms programs)
      implements Application, AutoCloseable {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      return application.call(environ, startResponse);
    }

    @Override
    public void close() {
      application.close();
      programs.endWorkers();
    }
  }
}
