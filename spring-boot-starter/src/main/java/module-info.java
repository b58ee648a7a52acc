/** Postern in Spring Boot: {@code GatewayMapping}, and properties. */
module dev.postern.spring {
  requires transitive dev.postern;
  requires dev.postern.cgi;
  requires dev.postern.servlet;
  requires spring.beans;
  requires spring.boot;
  requires spring.boot.autoconfigure;
  requires spring.context;
  requires spring.core;
  requires static micrometer.core;
  requires static spring.boot.actuator;
  requires static spring.boot.health;
  requires static org.jspecify;

  exports dev.postern.spring;

  // Spring makes the beans.
  opens dev.postern.spring;
}
