package dev.postern.cgi;

import dev.postern.Application;
import java.io.IOException;
import java.nio.file.Path;

/** A server with one request, to be killed: {@code PROGRAM}. */
final class KilledServer {
  private KilledServer() {}

  public static void main(String[] args) throws IOException {
    Isolation isolation = Isolation.builder().endWithServer().build();
    Application app = CgiApplication.builder(Path.of(args[0])).isolation(isolation).build();
    Call.get("/").to(app);
  }
}
