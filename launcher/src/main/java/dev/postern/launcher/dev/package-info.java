/**
 * What {@code serve} has for whoever is writing an application: source files, and an error page.
 */
@NullMarked
package dev.postern.launcher.dev;

import org.jspecify.annotations.NullMarked;
