/**
 * Rewrites the classes of Java programs that run inside this JVM: which calls reach a shim instead
 * of the process, how a loop is stopped, and how statics are initialized again. Knows ASM; knows
 * the shims, in {@code dev.postern.inprocess}, by name alone. Not exported.
 */
@NullMarked
package dev.postern.rewrite;

import org.jspecify.annotations.NullMarked;
