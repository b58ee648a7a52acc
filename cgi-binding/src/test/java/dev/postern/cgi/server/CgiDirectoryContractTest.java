package dev.postern.cgi.server;

import dev.postern.testing.Capability;

class CgiDirectoryContractTest extends HostedContract {
  CgiDirectoryContractTest() {
    super(
        InstalledContract.COLD,
        Capability.PATH_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.HEADER_BYTES.lacking("ProcessBuilder cannot pass them on"),
        Capability.STREAMED_HEAD.lacking("a program's head waits for its first byte"),
        Capability.CUT.lacking("a program that exits with 1 after its body is delivered"));
  }
}
