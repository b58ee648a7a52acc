/**
 * What gateways share whose requests come as CGI variables: CGI executables, warm or cold, FastCGI
 * and SCGI. Variables are completed and repaired for each web server, bodies are read ahead, and
 * responses are written in CGI's form. A CGI executable loads these classes for each request, so
 * nothing here uses Guava, a logging framework or a regular expression.
 */
@NullMarked
package dev.postern.gateway;

import org.jspecify.annotations.NullMarked;
