/**
 * Hosted programs as processes: start, pump, deadline, end. The portable path over {@link
 * java.lang.ProcessBuilder}.
 */
@NullMarked
package dev.postern.process;

import org.jspecify.annotations.NullMarked;
