/**
 * CGI executables. {@link dev.postern.cgi.install.CgiExecutable} writes a file that answers CGI
 * requests with an application. A cold executable starts a JVM for each request. A warm one hands
 * requests to a server, which the first request starts.
 *
 * <pre>{@code
 * CgiExecutable.builder("Hello").classPath(List.of(Path.of("hello.jar")))
 *     .library(Path.of("/usr/local/lib/hello")).build().install(Path.of("/usr/lib/cgi-bin/hello"));
 * }</pre>
 */
@NullMarked
package dev.postern.cgi.install;

import org.jspecify.annotations.NullMarked;
