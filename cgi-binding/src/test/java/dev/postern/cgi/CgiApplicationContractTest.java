package dev.postern.cgi;

import dev.postern.testing.ApplicationContract;
import java.time.Duration;

class CgiApplicationContractTest extends ApplicationContract {
  CgiApplicationContractTest() {
    super(
        Duration.ofSeconds(30),
        (program, silence) ->
            CgiApplication.builder(program).headerTimeout(silence).idleTimeout(silence).build());
  }
}
