/**
 * The {@code postern} command: serves applications and CGI programs over HTTP, and answers single
 * CGI requests. Nothing in here is an interface for other code; what {@code postern --help} says
 * is.
 *
 * <p>{@link dev.postern.launcher.Main} takes the shortest way to an application where the word is
 * {@code cgi}, and the one through picocli otherwise.
 */
@NullMarked
package dev.postern.launcher;

import org.jspecify.annotations.NullMarked;
