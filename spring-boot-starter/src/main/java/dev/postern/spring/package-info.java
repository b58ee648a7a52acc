/**
 * Postern in Spring Boot 3.5 and 4, by configuration. You need {@link
 * dev.postern.spring.GatewayMapping} for applications, and properties for CGI programs:
 *
 * <pre>{@code
 * @Component
 * @GatewayMapping("/hello/*")
 * class Hello implements Responder {
 *   public Response respond(Environ environ) {
 *     Headers headers = Headers.of("Content-Type", "text/plain; charset=utf-8");
 *     return Response.of(200, headers, Body.of("Hello\n"));
 *   }
 * }
 * }</pre>
 *
 * <pre>{@code
 * postern.cgi.tools.path=/cgi-bin/*
 * postern.cgi.tools.directory=/srv/cgi-bin
 * }</pre>
 *
 * <p>This module is for web applications on servlets. WebFlux has no servlets.
 */
@NullMarked
package dev.postern.spring;

import org.jspecify.annotations.NullMarked;
