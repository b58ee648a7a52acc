/** What {@code serve} has for the developer of an application: source files, and an error page. */
@NullMarked
package dev.postern.launcher.dev;

import org.jspecify.annotations.NullMarked;
