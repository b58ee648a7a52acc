/**
 * CGI both ways: an application as a CGI executable, and a CGI program, or a directory of them, as
 * an application.
 */
@SuppressWarnings("module") // The sibling is compiled after this module.
module dev.postern.cgi {
  requires transitive dev.postern;
  requires com.google.common;
  requires jdk.jfr;
  requires java.logging;
  requires static java.compiler;
  requires static java.desktop;
  requires static java.management;
  requires static org.objectweb.asm;
  requires static org.objectweb.asm.tree;
  requires static transitive org.jspecify;

  exports dev.postern.cgi;
  exports dev.postern.cgi.install;
  exports dev.postern.gateway to
      dev.postern.fastcgi;
  exports dev.postern.hosting to
      dev.postern.fastcgi;
  exports dev.postern.process to
      dev.postern.fastcgi;
  exports dev.postern.program to
      dev.postern.fastcgi;
  exports dev.postern.rewrite to
      dev.postern.launcher;
  exports dev.postern.system to
      dev.postern.fastcgi;
  exports dev.postern.wire to
      dev.postern.fastcgi;
}
