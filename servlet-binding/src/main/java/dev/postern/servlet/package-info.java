/**
 * Postern applications in servlet containers. You need {@link dev.postern.servlet.ServletGateway}
 * and an {@link dev.postern.Application}:
 *
 * <pre>{@code
 * context.addServlet("hello", new ServletGateway(hello)).addMapping("/hello/*");
 * }</pre>
 *
 * <p>Or, in a {@code web.xml}:
 *
 * <pre>{@code
 * <servlet>
 *   <servlet-name>hello</servlet-name>
 *   <servlet-class>dev.postern.servlet.ServletGateway</servlet-class>
 *   <init-param>
 *     <param-name>application</param-name>
 *     <param-value>org.example.Hello</param-value>
 *   </init-param>
 * </servlet>
 * <servlet-mapping>
 *   <servlet-name>hello</servlet-name>
 *   <url-pattern>/hello/*</url-pattern>
 * </servlet-mapping>
 * }</pre>
 *
 * <p>The gateways run on Servlet 6.0 and 6.1. A request keeps its container's thread from its start
 * to the response's end, unless the gateway has threads of its own ({@link ServletGateway}). There
 * is no protocol upgrade. Every container sends trailers over HTTP/1.1; Jetty and Tomcat also send
 * them over HTTP/2. Jetty 12 and Tomcat 11 send early hints.
 */
@NullMarked
package dev.postern.servlet;

import org.jspecify.annotations.NullMarked;
