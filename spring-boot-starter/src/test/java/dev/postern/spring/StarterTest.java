package dev.postern.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.Headers;
import dev.postern.Responder;
import dev.postern.Response;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/** Spring Boot with its own Tomcat; run with 3.5, and again with 4. */
@EnabledOnOs(OS.LINUX)
class StarterTest {
  @TempDir Path directory;

  private ConfigurableApplicationContext context;

  /** A bean that is served. */
  @GatewayMapping("/hello/*")
  public static class Hello implements Responder, AutoCloseable {
    static final AtomicInteger CLOSED = new AtomicInteger();

    @Override
    public Response respond(Environ environ) {
      return Response.of(
          200,
          Headers.of("Content-Type", "text/plain"),
          Body.of("hello from " + environ.scriptName() + " " + environ.pathInfo()));
    }

    @Override
    public void close() {
      CLOSED.incrementAndGet();
    }
  }

  @SpringBootConfiguration
  @EnableAutoConfiguration
  static class Site {
    @Bean
    Hello hello() {
      return new Hello();
    }

    @Bean
    @GatewayMapping({"/made/*", "/made-too"})
    Application made() {
      return (environ, startResponse) -> {
        startResponse.start(200, Headers.of("Content-Type", "text/plain"));
        return Body.of("made");
      };
    }

    /** Nobody has asked for it to be served. */
    @Bean
    Application unserved() {
      return (environ, startResponse) -> {
        throw new IllegalStateException("must not be called");
      };
    }
  }

  /** A class that only looks like one. */
  @SpringBootConfiguration
  @EnableAutoConfiguration
  static class WrongSite {
    @Bean
    @GatewayMapping("/text/*")
    String text() {
      return "no application";
    }
  }

  @BeforeEach
  void writePrograms() throws IOException {
    Path hello = directory.resolve("hello.sh");
    Files.writeString(
        hello, "printf 'Content-Type: text/plain\\n\\n'; echo $SCRIPT_NAME $COLOUR\n");
    Files.setPosixFilePermissions(hello, PosixFilePermissions.fromString("rw-r--r--"));
    Path one = directory.resolve("one");
    Files.writeString(
        one, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'; echo one $PATH_INFO\n");
    Files.setPosixFilePermissions(one, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @AfterEach
  void stop() {
    if (context != null) {
      context.close();
    }
  }

  private void start(String... properties) {
    start(Site.class, properties);
  }

  private void start(Class<?> site, String... properties) {
    List<String> arguments = new ArrayList<>();
    arguments.add("--server.port=0");
    arguments.add("--server.address=127.0.0.1");
    arguments.add("--spring.main.banner-mode=off");
    Stream.of(properties).map(property -> "--" + property).forEach(arguments::add);
    context = SpringApplication.run(site, arguments.toArray(new String[0]));
  }

  private HttpResponse<String> get(String path) throws Exception {
    String port = context.getEnvironment().getProperty("local.server.port");
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(60))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void programsAndBeans_areServed_andMeasured() throws Exception {
    Hello.CLOSED.set(0);
    start(
        "postern.cgi.tools.path=/cgi-bin/*",
        "postern.cgi.tools.directory=" + directory,
        "postern.cgi.tools.interpreter.sh=/bin/sh -f",
        "postern.cgi.tools.environment.COLOUR=green",
        "postern.cgi.tools.header-timeout=20s",
        "postern.cgi.tools.max-body=1KB",
        "postern.cgi.tools.max-processes=4",
        "postern.cgi.tools.warm=true",
        "postern.cgi.one.path=/one/*",
        "postern.cgi.one.program=" + directory.resolve("one"));
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    context.getBean("posternMetrics", MeterBinder.class).bindTo(registry);

    assertThat(get("/cgi-bin/hello.sh").body()).isEqualTo("/cgi-bin/hello.sh green\n");
    assertThat(get("/cgi-bin/none").statusCode()).isEqualTo(404);
    assertThat(get("/one/a").body()).isEqualTo("one /a\n");
    assertThat(get("/hello/x").body()).isEqualTo("hello from /hello /x");
    assertThat(get("/made/x").body()).isEqualTo("made");
    assertThat(get("/made-too").body()).isEqualTo("made");

    assertThat(
            registry.get("postern.cgi.runs").tags("name", "tools", "status", "200").timer().count())
        .isEqualTo(1);
    assertThat(registry.get("postern.cgi.queue").tags("name", "one").timer().count()).isEqualTo(1);
    assertThat(registry.get("postern.cgi.refusals").tags("name", "tools").functionCounter().count())
        .isEqualTo(1);
    assertThat(health()).isEqualTo("UP");
    Files.delete(directory.resolve("one"));
    assertThat(health()).isEqualTo("DOWN");
    context.close();
    assertThat(Hello.CLOSED).hasValue(1);
  }

  /** Boot 3 and 4 have it in packages of different names. */
  private String health() throws Exception {
    Object indicator = context.getBean("posternHealthIndicator");
    for (Class<?> type : indicator.getClass().getInterfaces()) {
      if (type.getSimpleName().equals("HealthIndicator")) {
        Object health = type.getMethod("health").invoke(indicator);
        return String.valueOf(health.getClass().getMethod("getStatus").invoke(health));
      }
    }
    throw new AssertionError("no HealthIndicator: " + indicator.getClass());
  }

  /** docs/spring-boot.md has each property. */
  @Test
  void page_hasEachProperty() throws IOException {
    String page = Files.readString(Path.of("../docs/spring-boot.md"));
    for (RecordComponent property : PosternProperties.Cgi.class.getRecordComponents()) {
      String name = property.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      assertThat(page).containsPattern("(?m)^\\|.*`" + name + "(\\.[A-Z]+)?`.*\\|");
    }
  }

  @Test
  void nothingConfigured_servesTheBeansAlone() throws Exception {
    start();
    assertThat(get("/hello").body()).isEqualTo("hello from /hello ");
    assertThat(get("/cgi-bin/hello.sh").statusCode()).isEqualTo(404);
  }

  @Test
  void mappingOfABeanThatIsNoApplication_stopsTheStart() {
    assertThatThrownBy(() -> start(WrongSite.class))
        .hasStackTraceContaining(
            "bean with @GatewayMapping must be an Application or a Responder: text");
  }

  @ParameterizedTest
  @CsvSource({
    "management.health.postern.enabled=false, false",
    "management.health.postern.enabled=off, false",
    "management.health.postern.enabled=0, false",
    "management.health.postern.enabled=on, true",
    "management.health.postern.enabled=, true",
    "management.health.defaults.enabled=false, false",
    "management.health.defaults.enabled=true, true",
  })
  void health_canBeSwitchedOff(String property, boolean there) {
    start(property);
    assertThat(context.containsBean("posternHealthIndicator")).isEqualTo(there);
  }

  @Test
  void wrongProperty_stopsTheStart_withItsName() {
    String path = "postern.cgi.x.path=/x/*";
    String at = "postern.cgi.x.directory=" + directory;
    Map<List<String>, String> wrong =
        Map.ofEntries(
            Map.entry(List.of(path, at, "postern.cgi.x.dir=/y"), "postern.cgi.x.dir"),
            Map.entry(
                List.of(path), "property postern.cgi.x must have either directory or program"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.program=/bin/true"),
                "property postern.cgi.x must have either directory or program"),
            Map.entry(List.of(at), "property postern.cgi.x.path must be a path"),
            Map.entry(
                List.of(path, "postern.cgi.x.directory=relative"),
                "property postern.cgi.x.directory must be an absolute path"),
            Map.entry(
                List.of(path, "postern.cgi.x.directory=/no/such"),
                "property postern.cgi.x.directory must be a directory"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.queue=3s"),
                "property postern.cgi.x.queue must be given together with max-processes"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.interpreter.pl=perl"),
                "property postern.cgi.x.interpreter.pl must be allowed"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.environment.PATH_INFO=/"),
                "property postern.cgi.x.environment.PATH_INFO must be allowed"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.header-timeout=soon"),
                "postern.cgi.x.header-timeout"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.header-timeout=0s"),
                "property postern.cgi.x.header-timeout must be allowed"),
            Map.entry(
                List.of(path, at, "postern.cgi.x.deadline=0s"),
                "property postern.cgi.x.deadline must be allowed"),
            Map.entry(
                List.of(path, "postern.cgi.x.program=/bin/true", "postern.cgi.x.index=i"),
                "property postern.cgi.x.program must be given without"),
            Map.entry(List.of("postern.cgi.x.path=/hello/*", at), "path must be free"));
    wrong.forEach(
        (properties, message) ->
            assertThatThrownBy(() -> start(properties.toArray(new String[0])))
                .as("%s", properties)
                .satisfies(
                    thrown -> {
                      StringBuilder all = new StringBuilder();
                      for (Throwable e = thrown; e != null; e = e.getCause()) {
                        all.append(e).append('\n');
                      }
                      assertThat(all.toString()).contains(message);
                    }));
  }
}
