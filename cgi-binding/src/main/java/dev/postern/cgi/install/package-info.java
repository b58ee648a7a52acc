/**
 * CGI executables: {@link dev.postern.cgi.install.CgiExecutable} writes a file that answers CGI
 * requests with an application, either cold, by a JVM for each request, or warm, by a server that
 * the first request starts.
 *
 * <pre>{@code
 * CgiExecutable.builder("Hello").classPath(List.of(Path.of("hello.jar")))
 *     .library(Path.of("/usr/local/lib/hello")).build().install(Path.of("/usr/lib/cgi-bin/hello"));
 * }</pre>
 */
@NullMarked
package dev.postern.cgi.install;

import org.jspecify.annotations.NullMarked;
