package dev.postern.cgi.server;

class CgiDirectoryContractTest extends HostedContract {
  CgiDirectoryContractTest() {
    super(InstalledContract.COLD);
  }
}
