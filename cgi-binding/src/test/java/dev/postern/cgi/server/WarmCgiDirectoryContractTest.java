package dev.postern.cgi.server;

class WarmCgiDirectoryContractTest extends HostedContract {
  WarmCgiDirectoryContractTest() {
    super(InstalledContract.WARM_BY_PERL);
  }
}
