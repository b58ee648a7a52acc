package dev.postern.spring;

import dev.postern.Application;
import dev.postern.Body;
import dev.postern.Environ;
import dev.postern.StartResponse;
import dev.postern.testing.Capability;
import dev.postern.testing.GatewayClient;
import dev.postern.testing.GatewayContract;
import dev.postern.testing.HttpGatewayClient;
import java.time.Duration;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/**
 * A bean with {@code @GatewayMapping}; what is lacking is what Tomcat lacks in its own contract.
 */
class SpringBootContractTest extends GatewayContract {
  private static Application served;

  SpringBootContractTest() {
    super(
        Duration.ofSeconds(30),
        SpringBootContractTest::start,
        Capability.LOG.lacking("containers have logs of their own"),
        Capability.PATH_BYTES.lacking("refused as bad UTF-8"),
        Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form"));
  }

  /** A bean that is served at all paths. */
  @GatewayMapping("/*")
  public static class Served implements Application {
    @Override
    public Body call(Environ environ, StartResponse startResponse) throws Exception {
      return served.call(environ, startResponse);
    }
  }

  /** What somebody would write. */
  @SpringBootConfiguration
  @EnableAutoConfiguration
  public static class Site {
    @Bean
    Served served() {
      return new Served();
    }
  }

  private static GatewayClient start(Application application) {
    served = application;
    SpringApplication site = new SpringApplication(Site.class);
    site.setLogStartupInfo(false);
    site.setDefaultProperties(
        Map.of(
            "server.port", "0", "server.address", "127.0.0.1", "spring.main.banner-mode", "off"));
    ConfigurableApplicationContext context = site.run();
    String port = context.getEnvironment().getRequiredProperty("local.server.port");
    return HttpGatewayClient.of(Integer.parseInt(port)).onClose(context::close);
  }
}
