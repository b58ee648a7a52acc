/** The groups of workers that {@code serve} was told of, and which programs they run. */
@NullMarked
package dev.postern.launcher.workers;

import org.jspecify.annotations.NullMarked;
