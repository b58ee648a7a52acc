package dev.postern.cgi.server;

/**
 * A running web server with a directory of CGI programs at {@code /cgi-bin/}. Closing it stops it
 * and everything that it started.
 */
public interface WebServer extends AutoCloseable {
  /** The kind of server, for messages and for lists of what differs. */
  WebServerKind kind();

  /** Where it listens, on 127.0.0.1. */
  int port();

  /** Its files. */
  Site site();

  /** The end of what it and its programs wrote to logs, for messages. */
  String logTail();

  @Override
  void close();
}
