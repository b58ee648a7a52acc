package dev.postern.servlet;

import jakarta.servlet.Filter;
import jakarta.servlet.MultipartConfigElement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.core.StandardHost;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.util.ServerInfo;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.descriptor.web.ErrorPage;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.apache.tomcat.util.descriptor.web.LoginConfig;
import org.apache.tomcat.util.descriptor.web.SecurityCollection;
import org.apache.tomcat.util.descriptor.web.SecurityConstraint;

/** Tomcat 10.1 or 11, whichever is on the class path, as it comes. */
final class TomcatContainer implements Container {
  private final Tomcat tomcat = new Tomcat();
  private final Path base;

  /** 10 or 11. */
  static int major() {
    String number = ServerInfo.getServerNumber();
    return Integer.parseInt(number.substring(0, number.indexOf('.')));
  }

  private TomcatContainer(Deployment deployment, Consumer<Tomcat> customizer) throws Exception {
    base = Files.createTempDirectory("postern-tomcat");
    tomcat.setBaseDir(base.toString());
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    customizer.accept(tomcat);
    if (deployment.clientTimeout != null) {
      String millis = Long.toString(deployment.clientTimeout.toMillis());
      tomcat.getConnector().setProperty("connectionTimeout", millis);
      String size = Integer.toString(Deployment.SEND_BUFFER);
      tomcat.getConnector().setProperty("socket.txBufSize", size);
    }
    Context context = tomcat.addContext(deployment.contextPath, base.toString());
    int number = 0;
    for (Deployment.Entry entry : deployment.entries) {
      String name = "servlet" + number++;
      Wrapper wrapper =
          entry.servlet() == null
              ? Tomcat.addServlet(context, name, entry.type().getName())
              : Tomcat.addServlet(context, name, entry.servlet());
      wrapper.setLoadOnStartup(1);
      wrapper.setAsyncSupported(deployment.async);
      if (deployment.multipart) {
        wrapper.setMultipartConfigElement(new MultipartConfigElement(""));
      }
      entry.parameters().forEach(wrapper::addInitParameter);
      entry.mappings().forEach(wrapper::addMapping);
    }
    for (Filter filter : deployment.filters) {
      FilterDef definition = new FilterDef();
      definition.setFilterName("filter" + number++);
      definition.setFilter(filter);
      definition.setFilterClass(filter.getClass().getName());
      definition.setAsyncSupported("true");
      context.addFilterDef(definition);
      FilterMap map = new FilterMap();
      map.setFilterName(definition.getFilterName());
      map.addURLPattern("/*");
      context.addFilterMap(map);
    }
    deployment.errorPages.forEach(
        (status, path) -> {
          ErrorPage page = new ErrorPage();
          page.setErrorCode(status);
          page.setLocation(path);
          context.addErrorPage(page);
        });
    if (deployment.authenticated) {
      secure(context);
    }
    // A servlet that fails in init then fails the start, as it does in the other containers.
    ((StandardHost) tomcat.getHost()).setFailCtxIfServletStartFails(true);
    try {
      tomcat.start();
      if (!context.getState().isAvailable()) {
        throw new LifecycleException("context must start");
      }
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  static Container start(Deployment deployment) throws Exception {
    return start(deployment, tomcat -> {});
  }

  /** Set up further. */
  static Container start(Deployment deployment, Consumer<Tomcat> customizer) throws Exception {
    return new TomcatContainer(deployment, customizer);
  }

  /** With HTTP/2 in the clear. */
  static Container startHttp2(Deployment deployment) throws Exception {
    return start(
        deployment, tomcat -> tomcat.getConnector().addUpgradeProtocol(new Http2Protocol()));
  }

  private void secure(Context context) {
    tomcat.addUser(Deployment.USER, Deployment.PASSWORD);
    tomcat.addRole(Deployment.USER, "user");
    SecurityCollection all = new SecurityCollection();
    all.addPattern("/*");
    SecurityConstraint constraint = new SecurityConstraint();
    constraint.addAuthRole("user");
    constraint.addCollection(all);
    context.addConstraint(constraint);
    context.addSecurityRole("user");
    context.setLoginConfig(new LoginConfig("BASIC", "test", null, null));
    context.getPipeline().addValve(new BasicAuthenticator());
  }

  @Override
  public int port() {
    return tomcat.getConnector().getLocalPort();
  }

  @Override
  public void close() throws IOException {
    try {
      tomcat.stop();
      tomcat.destroy();
    } catch (LifecycleException e) {
      throw new IOException(e);
    }
    List<Path> files;
    try (Stream<Path> walk = Files.walk(base)) {
      files = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.delete(file);
    }
  }
}
