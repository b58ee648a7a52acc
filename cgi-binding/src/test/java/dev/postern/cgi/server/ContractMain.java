package dev.postern.cgi.server;

import dev.postern.cgi.CgiGateway;
import dev.postern.testing.ContractApplication;

/** The application of the gateway contract as a CGI executable. */
public final class ContractMain {
  private ContractMain() {}

  public static void main(String[] args) {
    CgiGateway.main(new ContractApplication());
  }
}
