/**
 * What servers of FastCGI and SCGI share: sockets that they make or inherit, connections and their
 * threads, limits and time-outs, and the variables as each web server gives them.
 */
@NullMarked
package dev.postern.fastcgi.server;

import org.jspecify.annotations.NullMarked;
