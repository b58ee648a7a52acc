/**
 * The {@code postern} command: it serves applications and CGI programs over HTTP, and answers
 * single CGI requests. No class in here is an interface for other code. The interface is the
 * command line, as {@code postern --help} shows it.
 *
 * <p>For the word {@code cgi}, {@link dev.postern.launcher.Main} calls the application without
 * picocli. All other words go through picocli.
 */
@NullMarked
package dev.postern.launcher;

import org.jspecify.annotations.NullMarked;
