package dev.postern.servlet;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.MultipartConfigElement;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.ee11.servlet.ErrorPageErrorHandler;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.ee11.servlet.security.ConstraintMapping;
import org.eclipse.jetty.ee11.servlet.security.ConstraintSecurityHandler;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.security.Constraint;
import org.eclipse.jetty.security.HashLoginService;
import org.eclipse.jetty.security.UserStore;
import org.eclipse.jetty.security.authentication.BasicAuthenticator;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.security.Password;

/** Jetty 12.1 as it comes. */
final class JettyContainer implements Container {
  private final Server server = new Server();
  private final ServerConnector connector = new ServerConnector(server);

  private JettyContainer(
      Deployment deployment, boolean lenient, Consumer<ServerConnector> customizer)
      throws Exception {
    connector.setHost("127.0.0.1");
    customizer.accept(connector);
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.setContextPath(deployment.contextPath.isEmpty() ? "/" : deployment.contextPath);
    for (Deployment.Entry entry : deployment.entries) {
      ServletHolder holder =
          entry.servlet() == null
              ? new ServletHolder(entry.type())
              : new ServletHolder(entry.servlet());
      holder.setInitParameters(entry.parameters());
      holder.setInitOrder(1);
      holder.setAsyncSupported(deployment.async);
      if (deployment.multipart) {
        holder.getRegistration().setMultipartConfig(new MultipartConfigElement(""));
      }
      for (String mapping : entry.mappings()) {
        context.addServlet(holder, mapping);
      }
    }
    for (Filter filter : deployment.filters) {
      context.addFilter(new FilterHolder(filter), "/*", EnumSet.of(DispatcherType.REQUEST));
    }
    ErrorPageErrorHandler errors = new ErrorPageErrorHandler();
    deployment.errorPages.forEach(errors::addErrorPage);
    context.setErrorHandler(errors);
    if (deployment.authenticated) {
      context.setSecurityHandler(security());
    }
    if (deployment.clientTimeout != null) {
      connector.setIdleTimeout(deployment.clientTimeout.toMillis());
      connector.setAcceptedSendBufferSize(Deployment.SEND_BUFFER);
    }
    if (lenient) {
      connector
          .getConnectionFactory(HttpConnectionFactory.class)
          .getHttpConfiguration()
          .setUriCompliance(UriCompliance.UNSAFE);
      context.getServletHandler().setDecodeAmbiguousURIs(true);
    }
    server.setHandler(context);
    try {
      server.start();
    } catch (Exception e) {
      server.stop();
      throw e;
    }
  }

  static Container start(Deployment deployment) throws Exception {
    return start(deployment, connector -> {});
  }

  /** With its connector set up further. */
  static Container start(Deployment deployment, Consumer<ServerConnector> customizer)
      throws Exception {
    return new JettyContainer(deployment, false, customizer);
  }

  /** With HTTP/2 in the clear, and with HTTP/1.1. */
  static Container startHttp2(Deployment deployment) throws Exception {
    return start(
        deployment,
        connector ->
            connector.addConnectionFactory(
                new HTTP2CServerConnectionFactory(
                    connector
                        .getConnectionFactory(HttpConnectionFactory.class)
                        .getHttpConfiguration())));
  }

  /** With all paths let through to the servlets. */
  static Container startLenient(Deployment deployment) throws Exception {
    return new JettyContainer(deployment, true, connector -> {});
  }

  private static ConstraintSecurityHandler security() {
    UserStore users = new UserStore();
    users.addUser(Deployment.USER, new Password(Deployment.PASSWORD), new String[] {"user"});
    HashLoginService login = new HashLoginService("test");
    login.setUserStore(users);
    ConstraintMapping all = new ConstraintMapping();
    all.setPathSpec("/*");
    all.setConstraint(Constraint.from("user"));
    ConstraintSecurityHandler security = new ConstraintSecurityHandler();
    security.setLoginService(login);
    security.setAuthenticator(new BasicAuthenticator());
    security.setConstraintMappings(List.of(all));
    return security;
  }

  @Override
  public int port() {
    return connector.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
