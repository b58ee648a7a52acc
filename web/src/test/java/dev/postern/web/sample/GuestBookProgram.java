package dev.postern.web.sample;

import dev.postern.cgi.CgiGateway;

/** The guest book as a CGI executable. */
final class GuestBookProgram {
  private GuestBookProgram() {}

  public static void main(String[] args) throws Exception {
    CgiGateway.main(new GuestBook());
  }
}
