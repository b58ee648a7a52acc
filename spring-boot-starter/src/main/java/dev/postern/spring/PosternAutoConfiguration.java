package dev.postern.spring;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Registers CGI programs of the properties below {@code postern.cgi} and beans with {@link
 * GatewayMapping} as servlets. It adds metrics if Micrometer is there, and health if Boot's health
 * is there. Called by Spring Boot.
 */
@AutoConfiguration
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@EnableConfigurationProperties(PosternProperties.class)
public class PosternAutoConfiguration {
  /** Called by Spring. */
  public PosternAutoConfiguration() {}

  @Bean
  @ConditionalOnMissingBean
  GatewayServlets posternServlets(PosternProperties properties, ListableBeanFactory beans) {
    return new GatewayServlets(properties, beans);
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(MeterRegistry.class)
  static class Metrics {
    @Bean
    @ConditionalOnMissingBean(name = "posternMetrics")
    MeterBinder posternMetrics(GatewayServlets servlets) {
      return new ProgramMetrics(servlets);
    }
  }

  /** Boot's own annotation for this has another package in each version. */
  static class HealthIsEnabled implements Condition {
    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
      Environment all = context.getEnvironment();
      boolean byDefault =
          all.getProperty("management.health.defaults.enabled", Boolean.class, true);
      return all.getProperty("management.health.postern.enabled", Boolean.class, byDefault);
    }
  }

  /** The health of Spring Boot 3. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.actuate.health.HealthIndicator")
  @Conditional(HealthIsEnabled.class)
  static class Health3 {
    @Bean
    @ConditionalOnMissingBean(name = "posternHealthIndicator")
    org.springframework.boot.actuate.health.HealthIndicator posternHealthIndicator(
        PosternProperties properties, GatewayServlets servlets) {
      ProgramHealth health = new ProgramHealth(properties, servlets);
      return () ->
          (health.isUp()
                  ? org.springframework.boot.actuate.health.Health.up()
                  : org.springframework.boot.actuate.health.Health.down())
              .withDetails(health.details())
              .build();
    }
  }

  /** The health of Spring Boot 4. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(name = "org.springframework.boot.health.contributor.HealthIndicator")
  @Conditional(HealthIsEnabled.class)
  static class Health4 {
    @Bean
    @ConditionalOnMissingBean(name = "posternHealthIndicator")
    org.springframework.boot.health.contributor.HealthIndicator posternHealthIndicator(
        PosternProperties properties, GatewayServlets servlets) {
      ProgramHealth health = new ProgramHealth(properties, servlets);
      return () ->
          (health.isUp()
                  ? org.springframework.boot.health.contributor.Health.up()
                  : org.springframework.boot.health.contributor.Health.down())
              .withDetails(health.details())
              .build();
    }
  }
}
