/**
 * Middlewares: each wraps any {@link dev.postern.Application}, passes each flush on, closes what it
 * wraps, and is thread-safe.
 *
 * <pre>{@code
 * Application site =
 *     handler.with(AccessLog.combined(System.err::println), SecureHeaders.of(), Gzip.of());
 * }</pre>
 *
 * <p>The first one sees a request first. An order that works is: {@code TrustedProxies}, {@code
 * AccessLog}, {@code RequestId}, {@code Runtime}, {@code Timeout}, {@code SecureHeaders}, {@code
 * ErrorPages}, {@code Cors}, {@code Gzip}, {@code ETag}, {@code MaxBody}, {@code BasicAuth}, {@code
 * Sessions}, {@code Csrf}, {@code MethodOverride}.
 */
@NullMarked
package dev.postern.web.middleware;

import org.jspecify.annotations.NullMarked;
