/** The {@code postern} command. It is an executable, so it exports nothing. */
module dev.postern.launcher {
  requires com.google.common;
  requires dev.postern;
  requires dev.postern.cgi;
  requires dev.postern.fastcgi;
  requires dev.postern.servlet;
  requires dev.postern.web;
  requires info.picocli;
  requires jakarta.servlet;
  requires java.logging;
  requires java.management;
  requires org.bouncycastle.pkix;
  requires org.bouncycastle.provider;
  requires org.eclipse.jetty.alpn.server;
  requires org.eclipse.jetty.ee11.servlet;
  requires org.eclipse.jetty.http;
  requires org.eclipse.jetty.http2.server;
  requires org.eclipse.jetty.server;
  requires org.eclipse.jetty.unixdomain.server;
  requires org.eclipse.jetty.util;
  requires org.objectweb.asm.tree;
  requires org.yaml.snakeyaml;
  requires static org.jspecify;

  opens dev.postern.launcher to
      info.picocli;
  opens dev.postern.launcher.hosting to
      info.picocli;
  opens dev.postern.launcher.run to
      info.picocli;
}
