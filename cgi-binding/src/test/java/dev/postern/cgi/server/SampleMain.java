package dev.postern.cgi.server;

import dev.postern.cgi.CgiGateway;
import dev.postern.testing.SampleApp;

/** The sample application as a CGI executable. */
public final class SampleMain {
  private SampleMain() {}

  public static void main(String[] args) {
    CgiGateway.main(new SampleApp());
  }
}
