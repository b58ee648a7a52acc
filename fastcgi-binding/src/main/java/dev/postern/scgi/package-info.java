/**
 * SCGI both ways. {@link dev.postern.scgi.ScgiGateway} serves an application to nginx, Apache and
 * lighttpd:
 *
 * <pre>{@code
 * ScgiGateway gateway = ScgiGateway.builder(new Hello()).listen("unix:/run/hello.sock").open();
 * }</pre>
 *
 * <p>SCGI is simpler than FastCGI and can do less. No connection is used again, a web server cannot
 * abort a request, and no mark says that a response is whole.
 */
@NullMarked
package dev.postern.scgi;

import org.jspecify.annotations.NullMarked;
