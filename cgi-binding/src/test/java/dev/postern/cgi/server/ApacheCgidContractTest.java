package dev.postern.cgi.server;

class ApacheCgidContractTest extends ApacheContract {
  ApacheCgidContractTest() {
    super(WebServerKind.APACHE_CGID, InstalledContract.COLD);
  }
}
