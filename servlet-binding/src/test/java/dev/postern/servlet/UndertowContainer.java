package dev.postern.servlet;

import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.security.idm.Account;
import io.undertow.security.idm.Credential;
import io.undertow.security.idm.IdentityManager;
import io.undertow.security.idm.PasswordCredential;
import io.undertow.server.HttpHandler;
import io.undertow.server.handlers.PathHandler;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.LoginConfig;
import io.undertow.servlet.api.SecurityConstraint;
import io.undertow.servlet.api.ServletInfo;
import io.undertow.servlet.api.WebResourceCollection;
import io.undertow.servlet.util.ImmediateInstanceFactory;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.Principal;
import java.util.Set;
import org.xnio.Options;

/** Undertow 2.3 as it comes, but for the largest request. */
final class UndertowContainer implements Container {
  private enum Kind {
    PLAIN,
    HTTP2,
    PROXY_PROTOCOL
  }

  private final DeploymentManager manager;
  private final Undertow undertow;

  private UndertowContainer(Deployment deployment, Kind kind) throws ServletException {
    String path = deployment.contextPath.isEmpty() ? "/" : deployment.contextPath;
    DeploymentInfo info =
        Servlets.deployment()
            .setClassLoader(UndertowContainer.class.getClassLoader())
            .setContextPath(path)
            .setDeploymentName("test");
    int number = 0;
    for (Deployment.Entry entry : deployment.entries) {
      String name = "servlet" + number++;
      ServletInfo servlet =
          entry.servlet() == null
              ? Servlets.servlet(name, entry.type())
              : Servlets.servlet(
                  name, entry.type(), new ImmediateInstanceFactory<>(entry.servlet()));
      entry.parameters().forEach(servlet::addInitParam);
      if (deployment.multipart) {
        servlet.setMultipartConfig(new MultipartConfigElement(""));
      }
      servlet.setAsyncSupported(deployment.async);
      info.addServlet(servlet.addMappings(entry.mappings()).setLoadOnStartup(1));
    }
    for (Filter filter : deployment.filters) {
      String name = "filter" + number++;
      info.addFilter(
          Servlets.filter(name, filter.getClass(), new ImmediateInstanceFactory<>(filter)));
      info.addFilterUrlMapping(name, "/*", DispatcherType.REQUEST);
    }
    deployment.errorPages.forEach(
        (status, location) -> info.addErrorPage(Servlets.errorPage(location, status)));
    if (deployment.authenticated) {
      secure(info);
    }
    manager = Servlets.defaultContainer().addDeployment(info);
    manager.deploy();
    HttpHandler handler = manager.start();
    Undertow.Builder builder =
        Undertow.builder()
            .addListener(
                new Undertow.ListenerBuilder()
                    .setType(Undertow.ListenerType.HTTP)
                    .setHost("127.0.0.1")
                    .setPort(0)
                    .setUseProxyProtocol(kind == Kind.PROXY_PROTOCOL))
            .setIoThreads(2)
            .setWorkerThreads(8)
            // Undertow refuses bodies of more than 2 MiB unless told otherwise.
            .setServerOption(UndertowOptions.MAX_ENTITY_SIZE, -1L)
            .setServerOption(UndertowOptions.ENABLE_HTTP2, kind == Kind.HTTP2)
            .setHandler(new PathHandler().addPrefixPath(path, handler));
    if (deployment.clientTimeout != null) {
      int millis = (int) deployment.clientTimeout.toMillis();
      builder
          .setSocketOption(Options.READ_TIMEOUT, millis)
          .setSocketOption(Options.WRITE_TIMEOUT, millis)
          .setSocketOption(Options.SEND_BUFFER, Deployment.SEND_BUFFER);
    }
    undertow = builder.build();
    undertow.start();
  }

  static Container start(Deployment deployment) throws Exception {
    return new UndertowContainer(deployment, Kind.PLAIN);
  }

  /** Connections begin with a line of the PROXY protocol. */
  static Container startProxyProtocol(Deployment deployment) throws Exception {
    return new UndertowContainer(deployment, Kind.PROXY_PROTOCOL);
  }

  /** With HTTP/2 in the clear. */
  static Container startHttp2(Deployment deployment) throws Exception {
    return new UndertowContainer(deployment, Kind.HTTP2);
  }

  private static void secure(DeploymentInfo info) {
    info.setIdentityManager(new OneUser())
        .setLoginConfig(new LoginConfig("BASIC", "test"))
        .addSecurityConstraint(
            new SecurityConstraint()
                .addRoleAllowed("user")
                .addWebResourceCollection(new WebResourceCollection().addUrlPattern("/*")));
  }

  @Override
  public int port() {
    return ((InetSocketAddress) undertow.getListenerInfo().get(0).getAddress()).getPort();
  }

  @Override
  public void close() throws IOException {
    undertow.stop();
    try {
      manager.stop();
    } catch (ServletException e) {
      throw new IOException(e);
    }
    manager.undeploy();
  }

  private static final class OneUser implements IdentityManager {
    @Override
    public Account verify(Account account) {
      return account;
    }

    @Override
    public Account verify(String id, Credential credential) {
      boolean known =
          id.equals(Deployment.USER)
              && credential instanceof PasswordCredential password
              && Deployment.PASSWORD.equals(String.valueOf(password.getPassword()));
      return known ? new User() : null;
    }

    @Override
    public Account verify(Credential credential) {
      return null;
    }
  }

  private static final class User implements Account {
    private static final long serialVersionUID = 1;

    @Override
    public Principal getPrincipal() {
      return () -> Deployment.USER;
    }

    @Override
    public Set<String> getRoles() {
      return Set.of("user");
    }
  }
}
