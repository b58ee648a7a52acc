package dev.postern.launcher;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** What {@code serve} serves with some words, in this JVM. */
final class Served implements AutoCloseable {
  private final Site site;
  private final WebServer server;

  private Served(Site site, WebServer server) {
    this.site = site;
    this.server = server;
  }

  static Served open(List<String> words) throws Exception {
    Configuration configuration = new Configuration(ServeCommand.parse(words));
    configuration.read();
    Site site = configuration.open();
    WebServer server =
        WebServer.open(InetAddress.getByName("127.0.0.1"), 0, site, Served.class.getClassLoader());
    return new Served(site, server);
  }

  static Served open(String... words) throws Exception {
    return open(List.of(words));
  }

  int port() {
    return server.port();
  }

  /** The whole answer to a GET, with its head; in one piece, as HTTP/1.0 knows no chunks. */
  String get(String target) throws Exception {
    return Wire.request(port(), "GET " + target + " HTTP/1.0\nHost: h");
  }

  @Override
  public void close() throws IOException {
    server.close();
    site.retire();
  }
}
