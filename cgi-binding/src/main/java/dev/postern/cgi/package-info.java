/**
 * CGI both ways (RFC 3875). {@link dev.postern.cgi.CgiGateway} runs an application as a CGI
 * executable; {@link dev.postern.cgi.CgiApplication} and {@link dev.postern.cgi.CgiDirectory} are
 * applications whose answers come from CGI programs.
 *
 * <pre>{@code
 * Application git = CgiApplication.builder(Path.of("/usr/lib/git-core/git-http-backend"))
 *     .environment("GIT_PROJECT_ROOT", "/srv/git").environment("GIT_HTTP_EXPORT_ALL", "1").build();
 * }</pre>
 *
 * <p>Hosting works on Linux. On other systems programs run, but what a program started is ended
 * only as far as the JDK can see it. There are no NPH programs (RFC 3875 5) and no command line
 * from a query (RFC 3875 4.4).
 */
@NullMarked
package dev.postern.cgi;

import org.jspecify.annotations.NullMarked;
