/**
 * Middleware and bodies as users write them, the middleware in both forms: over {@link
 * dev.postern.Response}, the short one, and over start-response and the body, which also sees a
 * response that is replaced while its body is written.
 */
package dev.postern.examples;
