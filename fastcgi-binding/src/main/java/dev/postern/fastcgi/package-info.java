/**
 * FastCGI both ways. {@link dev.postern.fastcgi.FastCgiGateway} serves an application to nginx,
 * Apache, lighttpd and HAProxy:
 *
 * <pre>{@code
 * FastCgiGateway gateway = FastCgiGateway.builder(new Hello()).listen("unix:/run/hello.sock").open();
 * }</pre>
 *
 * <p>Roles other than the responder's are refused. A connection carries one request at a time,
 * because no web server in use sends more than one at a time.
 */
@NullMarked
package dev.postern.fastcgi;

import org.jspecify.annotations.NullMarked;
