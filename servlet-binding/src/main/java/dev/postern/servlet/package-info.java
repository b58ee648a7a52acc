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
 * <p>Runs on Servlet 6.0 and 6.1. A request keeps its container's thread from its start to the
 * response's end; there is no asynchronous form, and there are no trailers and no upgrades.
 */
@NullMarked
package dev.postern.servlet;

import org.jspecify.annotations.NullMarked;
