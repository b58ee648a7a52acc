/**
 * The gateway interface for Java. A gateway calls, an application answers, a middleware wraps.
 *
 * <p>To write a handler you need {@link dev.postern.Environ} and {@link dev.postern.Response}:
 *
 * <pre>{@code
 * Application hello = Application.of(environ ->
 *     Response.of(200, Headers.of("Content-Type", "text/plain; charset=utf-8"),
 *         Body.of("Hello from " + environ.scriptName() + "\n")));
 * }</pre>
 *
 * <p>To write a gateway you need {@link dev.postern.Exchange} and {@link dev.postern.ResponseSink}.
 * The interface follows PEP 3333, made safe for Java; it has no asynchronous form and no protocol
 * upgrade.
 */
@NullMarked
package dev.postern;

import org.jspecify.annotations.NullMarked;
