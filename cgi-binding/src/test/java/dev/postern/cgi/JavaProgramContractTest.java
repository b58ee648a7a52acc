package dev.postern.cgi;

import dev.postern.cgi.javaprograms.Relay;
import dev.postern.testing.ApplicationContract;
import java.time.Duration;

/**
 * The contract of hosted programs, with a Java program inside the server that runs each of them.
 */
class JavaProgramContractTest extends ApplicationContract {
  JavaProgramContractTest() {
    super(
        Duration.ofSeconds(30),
        (program, silence) ->
            CgiApplication.builder(
                    JavaProgramFixture.inside(Relay.class).arguments(program.toString()).build())
                .workingDirectory(program.getParent())
                .headerTimeout(silence)
                .idleTimeout(silence)
                .build());
  }
}
