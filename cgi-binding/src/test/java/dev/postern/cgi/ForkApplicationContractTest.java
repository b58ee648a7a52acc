package dev.postern.cgi;

import dev.postern.testing.ApplicationContract;
import java.time.Duration;

/** The contract of applications whose programs children of fork servers are. */
class ForkApplicationContractTest extends ApplicationContract {
  ForkApplicationContractTest() {
    super(Duration.ofSeconds(30), WarmPrograms.applications(WorkerMode.FORK));
  }
}
