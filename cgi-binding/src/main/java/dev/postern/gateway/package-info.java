/**
 * What the gateways of CGI executables (warm or cold), FastCGI and SCGI share, because their
 * requests all come as CGI variables. This package completes and repairs the variables for each web
 * server, reads bodies ahead, and writes responses in CGI's form. A CGI executable loads these
 * classes for each request, so nothing here uses Guava, a logging framework or a regular
 * expression.
 */
@NullMarked
package dev.postern.gateway;

import org.jspecify.annotations.NullMarked;
