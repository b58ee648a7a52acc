package dev.postern.cgi.server;

class WarmApacheCgidContractTest extends ApacheContract {
  WarmApacheCgidContractTest() {
    super(WebServerKind.APACHE_CGID, InstalledContract.WARM);
  }
}
