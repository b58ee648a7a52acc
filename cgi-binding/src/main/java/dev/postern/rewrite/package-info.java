/**
 * Rewrites the classes of Java programs that run inside this JVM. It decides which calls reach a
 * shim instead of the process, how a loop can be stopped, and how statics are initialized again.
 * The package uses ASM. It knows the shims, in {@code dev.postern.inprocess}, only by name. It is
 * not exported.
 */
@NullMarked
package dev.postern.rewrite;

import org.jspecify.annotations.NullMarked;
