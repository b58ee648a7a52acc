package dev.postern.spring;

import static java.util.Objects.requireNonNull;

import dev.postern.Application;
import dev.postern.cgi.CgiRun;
import dev.postern.servlet.ServletGateway;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRegistration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.web.servlet.ServletContextInitializer;

/**
 * Registers a servlet for each program of the properties and for each bean that has a {@link
 * GatewayMapping}. Boot calls it once, when its web server starts.
 */
final class GatewayServlets implements ServletContextInitializer {
  private final PosternProperties properties;
  private final ListableBeanFactory beans;

  /** Programs, by the names that the properties give them. */
  private final Map<String, Application> programs = new LinkedHashMap<>();

  private final List<BiConsumer<String, CgiRun>> listeners = new CopyOnWriteArrayList<>();

  GatewayServlets(PosternProperties properties, ListableBeanFactory beans) {
    this.properties = properties;
    this.beans = beans;
  }

  /** The programs that are served, by name. */
  Map<String, Application> programs() {
    return Map.copyOf(programs);
  }

  /**
   * Adds a listener, which is told of each run of each program, with the name that the properties
   * give it.
   */
  void onRun(BiConsumer<String, CgiRun> listener) {
    listeners.add(listener);
  }

  @Override
  public void onStartup(ServletContext context) {
    try {
      addAll(context);
    } catch (RuntimeException e) {
      // The start ends here, so no servlet closes them.
      for (Application application : programs.values()) {
        close(application, e);
      }
      throw e;
    }
  }

  private static void close(Application application, RuntimeException reason) {
    try {
      if (application instanceof AutoCloseable closing) {
        closing.close();
      }
    } catch (Exception e) {
      reason.addSuppressed(e);
    }
  }

  private void addAll(ServletContext context) {
    properties.cgi().forEach((name, cgi) -> addPrograms(context, name, cgi));
    for (String name : beans.getBeanNamesForAnnotation(GatewayMapping.class)) {
      if (!beans.isTypeMatch(name, Application.class)) {
        throw new IllegalStateException(
            "bean with @GatewayMapping must be an Application or a Responder: " + name);
      }
      addBean(
          context, name, requireNonNull(beans.findAnnotationOnBean(name, GatewayMapping.class)));
    }
  }

  private void addPrograms(ServletContext context, String name, PosternProperties.Cgi cgi) {
    String path = cgi.path();
    if (path == null || !path.startsWith("/")) {
      throw new IllegalStateException(
          "property postern.cgi." + name + ".path must be a path such as /cgi-bin/*: " + path);
    }
    Application application =
        CgiPrograms.of(name, cgi, run -> listeners.forEach(listener -> listener.accept(name, run)));
    programs.put(name, application);
    ServletGateway.Builder servlet = ServletGateway.builder(application).watch(cgi.watch());
    CgiPrograms.apply(name, cgi, servlet);
    register(context, "postern.cgi." + name, servlet.build(), false, new String[] {path});
  }

  private void addBean(ServletContext context, String name, GatewayMapping mapping) {
    Application bean = beans.getBean(name, Application.class);
    // A lambda and not the bean itself: the servlet would close the bean, but its context does
    // that.
    Application called = (environ, startResponse) -> bean.call(environ, startResponse);
    register(
        context,
        "postern." + name,
        ServletGateway.builder(called).build(),
        mapping.virtualThreads(),
        mapping.value());
  }

  private static void register(
      ServletContext context,
      String name,
      ServletGateway servlet,
      boolean virtualThreads,
      String[] paths) {
    ServletRegistration.Dynamic registration = context.addServlet(name, servlet);
    if (registration == null) {
      throw new IllegalStateException("servlet must have a name of its own: " + name);
    }
    registration.setLoadOnStartup(1);
    registration.setAsyncSupported(true);
    if (virtualThreads) {
      registration.setInitParameter("executor", "virtual");
    }
    Set<String> taken = registration.addMapping(paths);
    if (!taken.isEmpty()) {
      throw new IllegalStateException(
          "path must be free, another servlet has it: "
              + taken
              + " of "
              + name
              + " "
              + Arrays.toString(paths));
    }
  }
}
