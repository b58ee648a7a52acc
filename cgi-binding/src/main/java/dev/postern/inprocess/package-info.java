/**
 * Java programs with a {@code main} that run inside this JVM as if each were a process of its own.
 * Their classes are rewritten when they are loaded: a call that would reach the process reaches the
 * request instead. Not exported; a program's own classes are let in by name.
 */
@NullMarked
package dev.postern.inprocess;

import org.jspecify.annotations.NullMarked;
