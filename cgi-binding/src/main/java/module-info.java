/**
 * CGI both ways: an application as a CGI executable, and a CGI program, or a directory of them, as
 * an application.
 */
module dev.postern.cgi {
  requires transitive dev.postern;
  requires com.google.common;
  requires jdk.jfr;
  requires static transitive org.jspecify;

  exports dev.postern.cgi;
  exports dev.postern.cgi.install;
}
