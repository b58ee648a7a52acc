/** CGI programs in any servlet container, by init parameters alone: {@code CgiServlet}. */
module dev.postern.cgi.servlet {
  requires transitive dev.postern.servlet;
  requires dev.postern.cgi;
  requires static org.jspecify;

  exports dev.postern.cgi.servlet;
}
