/**
 * Java programs with a {@code main} that run inside this JVM as if each were a process of its own.
 * Their classes are rewritten when they are loaded, so that a call that would reach the process
 * reaches the request instead. The package is not exported; {@code ProgramLoader} opens it to a
 * program's own classes.
 */
@NullMarked
package dev.postern.inprocess;

import org.jspecify.annotations.NullMarked;
