/**
 * The conformance kit for gateways and applications, and the in-memory gateway for tests. Needs
 * JUnit 5 and AssertJ.
 */
module dev.postern.testing {
  requires transitive dev.postern;
  requires transitive org.junit.jupiter.api;
  requires org.assertj.core;
  requires static com.fasterxml.jackson.databind;
  requires static java.net.http;
  requires static transitive org.jspecify;

  exports dev.postern.testing;
  exports dev.postern.testing.browser;
}
