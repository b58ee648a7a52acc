package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServletGatewayTest {
  @Test
  void software_isProductAndVersion() {
    assertThat(ServletGateway.software("Apache Tomcat/11.0.27")).isEqualTo("Apache-Tomcat/11.0.27");
    assertThat(ServletGateway.software("jetty/12.1.14")).isEqualTo("jetty/12.1.14");
    assertThat(ServletGateway.software("Undertow - 2.3.26.Final"))
        .isEqualTo("Undertow/2.3.26.Final");
    assertThat(ServletGateway.software("WildFly 30.0.1.Final (WildFly Core 22) - 2.3"))
        .isEqualTo("WildFly/30.0.1.Final");
    assertThat(ServletGateway.software("Unversioned")).isEqualTo("Unversioned");
    assertThat(ServletGateway.software("1.0")).isEqualTo("Postern");
    assertThat(ServletGateway.software("")).isEqualTo("Postern");
    assertThat(ServletGateway.software(null)).isEqualTo("Postern");
  }
}
