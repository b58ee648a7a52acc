/**
 * CGI programs in any servlet container, by configuration alone. You need {@link
 * dev.postern.cgi.servlet.CgiServlet} and a {@code web.xml}:
 *
 * <pre>{@code
 * <servlet>
 *   <servlet-name>cgi</servlet-name>
 *   <servlet-class>dev.postern.cgi.servlet.CgiServlet</servlet-class>
 *   <init-param>
 *     <param-name>executable</param-name>
 *     <param-value>/usr/bin/perl</param-value>
 *   </init-param>
 *   <load-on-startup>1</load-on-startup>
 * </servlet>
 * <servlet-mapping>
 *   <servlet-name>cgi</servlet-name>
 *   <url-pattern>/cgi-bin/*</url-pattern>
 * </servlet-mapping>
 * }</pre>
 *
 * <p>The programs are then the files in {@code WEB-INF/cgi}. The servlet runs on Servlet 6.0 and
 * 6.1. The container must unpack the web application, or the programs must be outside of it.
 */
@NullMarked
package dev.postern.cgi.servlet;

import org.jspecify.annotations.NullMarked;
