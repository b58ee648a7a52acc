package dev.postern.cgi;

import dev.postern.testing.ApplicationContract;
import java.time.Duration;

/** The contract of applications whose programs workers are. */
class ReuseApplicationContractTest extends ApplicationContract {
  ReuseApplicationContractTest() {
    super(Duration.ofSeconds(30), WarmPrograms.applications(WorkerMode.REUSE));
  }
}
