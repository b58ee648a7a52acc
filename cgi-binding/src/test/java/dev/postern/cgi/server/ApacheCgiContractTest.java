package dev.postern.cgi.server;

class ApacheCgiContractTest extends ApacheContract {
  ApacheCgiContractTest() {
    super(WebServerKind.APACHE_CGI, InstalledContract.COLD);
  }
}
