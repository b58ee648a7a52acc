package dev.postern.cgi.server;

import dev.postern.Application;
import dev.postern.cgi.CgiApplication;
import dev.postern.cgi.CgiGateway;
import dev.postern.testing.Capability;
import dev.postern.testing.ContractApplication;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.InMemoryGateway;
import java.time.Duration;
import java.util.List;

/**
 * {@code CgiApplication → this JVM → CgiGateway → app} keeps the contract as the app alone does.
 */
class LoopContractTest extends GatewayContract {
  LoopContractTest() {
    super(
        Duration.ofSeconds(30),
        application -> InMemoryGateway.of(CgiApplication.builder(program()).build()).client(),
        Capability.PATH_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.HEADER_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.STREAMED_HEAD.lacking("a program's head waits for its first byte"),
        Capability.CUT.lacking("a program that exits with 1 after its body is delivered"));
  }

  private static List<String> program() {
    return JavaProgram.command(
        ContractMain.class, CgiGateway.class, ContractApplication.class, Application.class);
  }
}
