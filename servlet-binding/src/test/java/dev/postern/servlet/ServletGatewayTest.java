package dev.postern.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServletGatewayTest {
  @Test
  void software_isProductAndVersion() {
    assertThat(Applications.software("Apache Tomcat/11.0.27")).isEqualTo("Apache-Tomcat/11.0.27");
    assertThat(Applications.software("jetty/12.1.14")).isEqualTo("jetty/12.1.14");
    assertThat(Applications.software("Undertow - 2.3.26.Final")).isEqualTo("Undertow/2.3.26.Final");
    assertThat(Applications.software("WildFly 30.0.1.Final (WildFly Core 22) - 2.3"))
        .isEqualTo("WildFly/30.0.1.Final");
    assertThat(Applications.software("Unversioned")).isEqualTo("Unversioned");
    assertThat(Applications.software("1.0")).isEqualTo("Postern");
    assertThat(Applications.software("")).isEqualTo("Postern");
    assertThat(Applications.software(null)).isEqualTo("Postern");
  }
}
