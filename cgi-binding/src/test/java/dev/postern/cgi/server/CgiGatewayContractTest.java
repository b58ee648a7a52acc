package dev.postern.cgi.server;

import dev.postern.Application;
import dev.postern.cgi.CgiGateway;
import dev.postern.testing.Capability;
import dev.postern.testing.CgiProcessClient;
import dev.postern.testing.ContractApplication;
import dev.postern.testing.GatewayContract;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;

/** A process for each request, started as a web server starts it. */
class CgiGatewayContractTest extends GatewayContract {
  @TempDir static Path directory;

  CgiGatewayContractTest() {
    super(
        Duration.ofSeconds(30),
        application ->
            CgiProcessClient.of(
                JavaProgram.command(
                    ContractMain.class,
                    CgiGateway.class,
                    ContractApplication.class,
                    Application.class),
                directory),
        Capability.HTTP_MAPPING.lacking("the web server has mapped the request"),
        Capability.CHUNKED_REQUEST.lacking("the web server has taken the chunks away"),
        Capability.CONTINUE.lacking("the web server has told the client"),
        Capability.CUT.lacking("the end of its output is all that CGI has"));
  }
}
