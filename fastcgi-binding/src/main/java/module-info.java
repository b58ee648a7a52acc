/**
 * FastCGI and SCGI both ways: an application can be a server, and a server can be an application.
 */
module dev.postern.fastcgi {
  requires transitive dev.postern;
  requires transitive dev.postern.cgi;
  requires static transitive org.jspecify;

  exports dev.postern.fastcgi;
  exports dev.postern.scgi;
}
