/**
 * Hosted programs as processes: start, pump, deadline, end. The classes here start them by {@link
 * java.lang.ProcessBuilder}; those for JDK 22 and newer by the C library.
 */
@NullMarked
package dev.postern.process;

import org.jspecify.annotations.NullMarked;
