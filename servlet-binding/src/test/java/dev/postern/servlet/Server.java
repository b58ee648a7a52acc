package dev.postern.servlet;

/** The kinds of containers, where a test has to say which one differs. */
enum Server {
  JETTY,
  TOMCAT,
  UNDERTOW
}
