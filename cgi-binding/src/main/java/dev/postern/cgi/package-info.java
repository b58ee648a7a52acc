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
 * <p>Hosting works on Linux. On other systems programs run, but the host can end what a program
 * started only as far as the JDK sees it. The output of an NPH program (RFC 3875 5) may begin with
 * a status line, and the host checks the rest as for any other program. A query never becomes a
 * command line (RFC 3875 4.4).
 */
@NullMarked
package dev.postern.cgi;

import org.jspecify.annotations.NullMarked;
