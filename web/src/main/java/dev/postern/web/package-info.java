/**
 * Requests, responses, static files and routing for handlers. You need {@link
 * dev.postern.web.Request} and {@link dev.postern.web.Responses}:
 *
 * <pre>{@code
 * Application hello =
 *     Application.of(
 *         environ -> {
 *           String name = Request.of(environ).query("name");
 *           return Responses.text("Hello " + (name == null ? "world" : name) + "\n");
 *         });
 * }</pre>
 *
 * <p>If a client sends something wrong, these classes throw a {@link dev.postern.HttpException}
 * with status 400, 413, 415, 416 or 431. A handler need not catch it.
 *
 * <p>A handler that reads a query and a cookie loads six classes of this module, no lambda and no
 * regular expression. So it may be a CGI executable.
 */
@NullMarked
package dev.postern.web;

import org.jspecify.annotations.NullMarked;
